import { map, type OperatorFunction } from 'rxjs';
import { checkOneOf, checkOptions, checkPositiveInteger } from '../events/index.js';
import {
  type ParameterUpdates,
  pickParameters,
  requireColumn,
  STATISTICS,
  type Statistic,
} from '../parameters/index.js';
import { perSubscription } from './per-subscription.js';

/** Options of {@link topUpdates}: what it sorts by. */
export interface TopUpdatesOptions<S extends Statistic> {
  /** What to sort by. Default: `updateNorm`. */
  readonly by: S;
}

/**
 * Keep the `n` parameters that moved most, the furthest first. NaN and infinities come before all numbers: they are what
 * one wants to see; equals keep their order.
 *
 * ```text
 * updates   --(w:1 b:3 v:2)--(w:4 b:NaN v:0)-|
 * topUpdates(2)
 *           --(b:3 v:2)------(b:NaN w:4)-----|
 * ```
 *
 * Error of the stream: TypeError when the updates do not have the statistic.
 *
 * @throws TypeError when `n` is not a positive integer, or `by` no statistic.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, topUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$.pipe(parameterUpdates(), topUpdates(3, { by: 'updateRatio' })).subscribe((top) => {
 *   for (const { name, updateRatio } of top) console.log(name, updateRatio);
 * });
 * ```
 */
export function topUpdates<S extends Statistic>(
  n: number,
): OperatorFunction<ParameterUpdates<S | 'updateNorm'>, ParameterUpdates<S | 'updateNorm'>>;
export function topUpdates<S extends Statistic>(
  n: number,
  options: TopUpdatesOptions<NoInfer<S>>,
): OperatorFunction<ParameterUpdates<S>, ParameterUpdates<S>>;
export function topUpdates<S extends Statistic>(
  n: number,
  options: Partial<TopUpdatesOptions<Statistic>> = {},
): OperatorFunction<ParameterUpdates<S>, ParameterUpdates<S>> {
  const { by = 'updateNorm' } = checkOptions('topUpdates', options, { by: true });
  checkPositiveInteger('n', n);
  checkOneOf('by', by, STATISTICS);
  return perSubscription(() => {
    // The same array while the same parameters lead, for whoever caches by the names downstream.
    let top: readonly number[] = [];
    return map((updates) => {
      const column = requireColumn(updates, by, 'topUpdates()');
      const order = Array.from(column.keys()).sort((a, b) => rank(column[b]!) - rank(column[a]!) || a - b);
      const leading = order.slice(0, n);
      if (leading.length !== top.length || leading.some((index, i) => index !== top[i])) top = leading;
      return pickParameters(updates, top);
    });
  });
}

/** A finite stand-in for every value, so that the difference of two is never NaN. */
function rank(value: number): number {
  return Number.isFinite(value) ? value : Number.MAX_VALUE;
}
