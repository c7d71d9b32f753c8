import { checkOptions, checkPositiveInteger } from '../events/index.js';
import type { Schedule } from './schedule.js';

/** Options of {@link logSpacedSteps}: how close the steps are. */
export interface LogSpacedStepsOptions {
  /** Measured steps between 10^k and 10^(k+1). Default: 9, which gives about 1, 2, 3 … 9, 10, 13, 17, 22 … */
  readonly perDecade?: number;
}

/**
 * Steps spaced evenly on a logarithmic axis: each at the beginning, where most happens, and ever fewer later. The steps
 * are `10^(k / perDecade)`, rounded, for k = 0, 1, 2 and so on; below 10 some of them fall together.
 *
 * @throws TypeError when `perDecade` is not a positive integer.
 *
 * @example
 * ```ts
 * import { logSpacedSteps } from 'trainscope';
 *
 * const when = logSpacedSteps({ perDecade: 1 });
 * [1, 2, 10, 50, 100].filter((step) => when(step, { epoch: 0, previousEpoch: 0 })); // 1, 10, 100
 * ```
 */
export function logSpacedSteps(options: LogSpacedStepsOptions = {}): Schedule {
  const { perDecade = 9 } = checkOptions('logSpacedSteps', options, { perDecade: true });
  checkPositiveInteger('perDecade', perDecade);
  return (step) => {
    // The step is one of them just when the k that is nearest on the axis leads back to it.
    const k = Math.round(Math.log10(step) * perDecade);
    return Math.round(10 ** (k / perDecade)) === step;
  };
}
