import type { Fault } from './fault.js';
import { CLOCK } from './rows/clock.js';
import { CONSOLE } from './rows/console.js';
import { CONTROL } from './rows/control.js';
import { FILES } from './rows/files.js';
import { VISITORS } from './rows/pages.js';
import { RECORDS } from './rows/records.js';
import { SUBSCRIBERS } from './rows/subscribers.js';
import { TELEMETRY } from './rows/telemetry.js';
import { TRAINER } from './rows/trainer.js';

/** Everything that may go wrong while a training goes on, as far as anyone has thought of it. */
export const FAULTS: readonly Fault[] = [
  ...FILES,
  ...SUBSCRIBERS,
  ...RECORDS,
  ...CONSOLE,
  ...CLOCK,
  ...CONTROL,
  ...VISITORS,
  ...TELEMETRY,
  ...TRAINER,
];

/** What belongs together, in the order in which it came. */
export function groupedBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}
