/** `setTimeout` takes no more than 2³¹ − 1 ms, about 24 days: what is longer it takes for 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Wait for something, but not longer than `ms`, and not for whether it went well; a time that no timer can measure, such
 * as `Infinity`, is no limit.
 *
 * @returns whether it has ended.
 */
export async function within(ms: number, something: Promise<unknown>): Promise<boolean> {
  const ended = something.then(
    () => true,
    () => true,
  );
  if (ms > LONGEST_TIMER_MS) return ended;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
