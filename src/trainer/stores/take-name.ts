/** Where there are no locks of the browser. */
const taken = new Set<string>();

/** Take a name that one training may have at a time; gives what lets go of it, or undefined where another has it. */
export function takeName(name: string): Promise<(() => Promise<void>) | undefined> {
  const { locks } = globalThis.navigator as Partial<Navigator>;
  return locks ? takeLock(locks, `trainscope ${name}`) : takeHere(name);
}

/** A lock is held until the promise that its callback gives is settled; the browser ends it with the page. */
function takeLock(locks: LockManager, name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const held = locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(undefined);
      return new Promise<void>((release) => {
        resolve(async () => {
          release();
          await held;
        });
      });
    });
    held.catch(reject);
  });
}

async function takeHere(name: string): Promise<(() => Promise<void>) | undefined> {
  if (taken.has(name)) return undefined;
  taken.add(name);
  return async () => {
    taken.delete(name);
  };
}
