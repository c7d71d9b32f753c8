/** What may be over in a moment: too many files are open, the file system is busy. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR', 'ENOMEM', 'ETIMEDOUT', 'ESTALE']);

/** Before each new attempt: three seconds in all. */
const WAITS_MS = [100, 200, 400, 800, 1500];

/** Do something with files, again where it fails by what may pass; `onFailure` is told of the first failure. */
export async function retried<T>(attempt: () => Promise<T>, onFailure?: (error: unknown) => void): Promise<T> {
  for (const [i, wait] of WAITS_MS.entries()) {
    try {
      return await attempt();
    } catch (error) {
      if (!PASSING.has(String((error as NodeJS.ErrnoException).code))) throw error;
      if (i === 0) onFailure?.(error);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return attempt();
}

/** Whether it is the system, or the browser, that refused: no room, no right, no handle. */
export function isOfSystem(error: unknown): boolean {
  if (error instanceof DOMException) return true;
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string';
}
