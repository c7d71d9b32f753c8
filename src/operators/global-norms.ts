import { map, type OperatorFunction } from 'rxjs';
import type { EventContext } from '../events/events.js';
import { type AnyParameterUpdates, columnOf, type ParameterUpdates } from '../parameters/parameter-updates.js';
import type { DefaultStatistic, Statistic } from '../parameters/statistics.js';
import { jointNorm, updateRatio } from '../parameters/update-ratio.js';

const NORMS = ['updateNorm', 'weightNorm', 'gradientNorm'] as const;

/** What can be said of all parameters together, given the statistics `S` of each. */
export type GlobalNorm<S extends Statistic> =
  | Extract<S, (typeof NORMS)[number]>
  | ('updateNorm' | 'weightNorm' extends S ? 'updateRatio' : never);

/** The norms of all parameters taken as one vector, in one update. */
export type GlobalNorms<S extends Statistic = DefaultStatistic> = EventContext & {
  readonly type: 'global-norms';
  readonly loss: number;
  readonly learningRate: number;
} & { readonly [K in GlobalNorm<S>]: number };

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
 * import { globalNorms, instrument, parameterUpdates } from 'trainscope';
 *
 * const training = instrument(model);
 * training.events$
 *   .pipe(parameterUpdates({ statistics: ['gradientNorm'] }), globalNorms())
 *   .subscribe(({ step, gradientNorm }) => console.log(step, gradientNorm));
 * ```
 */
export function globalNorms<S extends Statistic>(): OperatorFunction<ParameterUpdates<S>, GlobalNorms<S>> {
  return map((updates) => {
    const { run, step, epoch, time, loss, learningRate } = updates;
    return { type: 'global-norms', run, step, epoch, time, loss, learningRate, ...normsOf(updates) } as GlobalNorms<S>;
  });
}

function normsOf(updates: AnyParameterUpdates): Partial<Record<Statistic, number>> {
  const norms: Partial<Record<Statistic, number>> = {};
  for (const statistic of NORMS) {
    const column = columnOf(updates, statistic);
    if (column) norms[statistic] = jointNorm(column);
  }
  const { updateNorm, weightNorm } = norms;
  if (updateNorm !== undefined && weightNorm !== undefined) norms.updateRatio = updateRatio(updateNorm, weightNorm);
  return norms;
}
