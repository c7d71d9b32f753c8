import { nextTask } from '../../events/index.js';

/** How long the loop may hold the thread, in milliseconds: timers, servers and pages wait meanwhile. */
const LONGEST_HOLD_MS = 25;

/** Lets others have the thread, when the loop has held it for long. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < LONGEST_HOLD_MS) return;
    await nextTask();
    last = performance.now();
  };
}
