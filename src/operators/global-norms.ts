import { map, type OperatorFunction } from 'rxjs';
import type { GlobalNorms } from '../events/index.js';
import { jointStatistics, type ParameterUpdates, requireUpdates, type Statistic } from '../parameters/index.js';

/**
 * Sum a step up: the norm of all parameters' updates, weights and gradients taken as one vector.
 *
 * ```text
 * updates   --(w:3 b:4)--(w:0 b:1)-|
 * globalNorms()
 *           --5----------1---------|
 * ```
 *
 * It has those of `updateNorm`, `weightNorm` and `gradientNorm` that the updates have, and `updateRatio` where both of
 * its norms are there. A NaN in one parameter makes its norm NaN.
 *
 * @example
 * ```ts
 * import { globalNorms, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$
 *   .pipe(parameterUpdates({ statistics: ['gradientNorm'] }), globalNorms())
 *   .subscribe(({ step, gradientNorm }) => console.log(step, gradientNorm));
 * ```
 */
export function globalNorms<S extends Statistic>(): OperatorFunction<ParameterUpdates<S>, GlobalNorms<S>> {
  return map((updates) => {
    requireUpdates(updates, 'globalNorms()');
    const { run, step, epoch, time, loss, learningRate } = updates;
    return {
      type: 'global-norms',
      run,
      step,
      epoch,
      time,
      loss,
      learningRate,
      ...jointStatistics(updates),
    } as GlobalNorms<S>;
  });
}
