import { ready } from '@tensorflow/tfjs-core';
import { checkOptions } from '../../events/index.js';
import { patchBackend } from './patch-backend.js';

/** A backend of TensorFlow.js, by its name there. */
export type BackendName = 'tensorflow' | 'webgpu' | 'webgl' | 'wasm' | 'cpu';

/** Options of {@link selectBackend}: who is told what was chosen, and why. */
export interface SelectBackendOptions {
  /** Told of each backend that was passed over, and why. */
  readonly onUnavailable?: (name: BackendName, reason: string) => void;
  /** Told in one line which backend was taken and why, such as `console.log`. */
  readonly say?: (line: string) => void;
}

/** A backend that may be there. */
export interface Candidate {
  readonly name: BackendName;
  /** What to do where it was named and cannot be had. */
  readonly fix: string;
  /** Load it where that is needed, and put it in place. Gives whether it did; throws what it fails with. */
  readonly use: () => Promise<boolean>;
  /** See that it works when it is in place; throws what is wrong with it. */
  readonly check: () => Promise<void>;
  /** Why it failed, in few words, where that is known. */
  readonly explain?: (message: string) => string | undefined;
}

/** Put the first of the candidates in place that works, or the one that is named; patched. */
export async function selectAmong(
  candidates: readonly Candidate[],
  choice: BackendName | undefined,
  options: SelectBackendOptions,
): Promise<BackendName> {
  const { say, onUnavailable } = checkOptions('selectBackend', options, { say: true, onUnavailable: true });
  const named = choice ?? environmentChoice();
  if (named !== undefined) {
    const candidate = candidateOf(candidates, named, choice === undefined);
    const reason = await use(candidate);
    if (reason !== undefined) throw new Error(`backend: expected ${named} to load, got: ${reason}; ${candidate.fix}`);
    say?.(`backend: ${named} (${choice === undefined ? 'TRAINSCOPE_BACKEND' : 'the program'} names it)`);
    return candidate.name;
  }
  const passed: string[] = [];
  for (const candidate of candidates) {
    const reason = await use(candidate);
    if (reason === undefined) {
      say?.(`backend: ${candidate.name} (${passed.join('; ') || 'the fastest there is'})`);
      return candidate.name;
    }
    passed.push(`${candidate.name}: ${reason}`);
    onUnavailable?.(candidate.name, reason);
  }
  throw new Error(`backend: expected one that loads, got none; ${candidates.at(-1)!.fix}`);
}

/** A variable that is empty is as good as none; a browser has none. */
function environmentChoice(): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.TRAINSCOPE_BACKEND || undefined;
}

function candidateOf(candidates: readonly Candidate[], name: string, fromEnvironment: boolean): Candidate {
  const candidate = candidates.find((each) => each.name === name);
  if (candidate) return candidate;
  const source = fromEnvironment ? 'TRAINSCOPE_BACKEND' : 'backend';
  const names = candidates.map((each) => each.name).join(', ');
  throw new RangeError(`${source}: expected one of ${names}; got ${JSON.stringify(name)}`);
}

/** Undefined when it is in use now, else why not. */
async function use(candidate: Candidate): Promise<string | undefined> {
  try {
    if (!(await candidate.use())) return reasonOf(candidate, 'it did not initialise');
    await ready();
    await candidate.check();
    patchBackend();
    return undefined;
  } catch (cause) {
    return reasonOf(candidate, cause instanceof Error ? cause.message : String(cause));
  }
}

function reasonOf({ explain }: Candidate, message: string): string {
  return explain?.(message) ?? message.split('\n')[0]!;
}
