import { checkPositiveInteger } from '../events/index.js';
import type { Schedule } from './schedule.js';

/**
 * Steps n, 2n, 3n and so on.
 *
 * @throws TypeError when `n` is not a positive integer.
 *
 * @example
 * ```ts
 * import { everySteps, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$.pipe(parameterUpdates({ when: everySteps(10) })).subscribe(({ step }) => console.log(step)); // 10, 20…
 * ```
 */
export function everySteps(n: number): Schedule {
  checkPositiveInteger('n', n);
  return (step) => step % n === 0;
}
