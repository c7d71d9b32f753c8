import { type BackendName, selectBackend } from 'trainscope/tfjs';

/** Put a backend in place; where it cannot be had, say why and leave it out. */
export async function tryBackend(name: BackendName): Promise<boolean> {
  try {
    await selectBackend(name);
    return true;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
}
