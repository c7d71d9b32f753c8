import { map, type OperatorFunction } from 'rxjs';
import { checkOptions, checkPositive, describeValue } from '../events/index.js';
import {
  type AnyParameterUpdates,
  columnOf,
  createParameterUpdates,
  dataOf,
  requireUpdates,
  type Statistic,
  statisticsOf,
} from '../parameters/index.js';
import { perSubscription } from './per-subscription.js';

/** How much of the past stays. One of the two. */
export type EmaOptions =
  | {
      /** The weight of the mean so far, 0 ≤ decay < 1, at each value. Default: 0.9. */
      readonly decay?: number;
      /** Instead of `decay`: one of the two. */
      readonly halfLife?: never;
    }
  | {
      /** After how many values a value's weight is half of what it was. */
      readonly halfLife: number;
      /** Instead of `halfLife`: one of the two. */
      readonly decay?: never;
    };

/** What the mean of a `T` is. */
export type Smoothed<T> = T extends number ? number : T;

/**
 * Smooth a stream of numbers, or every statistic of every parameter, by an exponential moving average.
 *
 * ```text
 * numbers   -4-8-8-8-|
 * ema({ decay: 0.5 })
 *           -4-a-b-c-|     a 6.67   b 7.43   c 7.73
 * ```
 *
 * The mean is corrected for its start (divided by `1 − decay^n`, as Adam does), so that the first value is given as it
 * is. A value that is not finite is left out: the mean so far is given in its place, NaN when there is none. Each
 * parameter is followed by its name, in whatever order they come. Loss, rate and histograms stay as they are.
 *
 * @throws TypeError when decay is not in [0, 1), half-life not positive, or both are given.
 *
 * @example
 * ```ts
 * import { map } from 'rxjs';
 * import { ema, observe, ofType, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$.pipe(parameterUpdates(), ema({ halfLife: 10 })).subscribe(({ columns }) => console.log(columns.updateRatio));
 * run.events$.pipe(ofType('step-end'), map(({ loss }) => loss), ema({ decay: 0.98 })).subscribe(console.log);
 * ```
 */
export function ema<T extends number | AnyParameterUpdates>(
  options: EmaOptions = {},
): OperatorFunction<T, Smoothed<T>> {
  const decay = decayOf(checkOptions('ema', options, { decay: true, halfLife: true }));
  return perSubscription(() => {
    const number = new Mean();
    const parameters = new Map<string, Map<Statistic, Mean>>();
    return map((value) => {
      if (typeof value === 'number') return number.take(value, decay) as Smoothed<T>;
      return smoothUpdates(value, parameters, decay) as Smoothed<T>;
    });
  });
}

/** A mean and the weight it has gathered, which corrects it for its start. */
class Mean {
  #sum = 0;
  #weight = 0;

  take(value: number, decay: number): number {
    if (Number.isFinite(value)) {
      this.#sum = decay * this.#sum + (1 - decay) * value;
      this.#weight = decay * this.#weight + (1 - decay);
    }
    return this.#weight === 0 ? Number.NaN : this.#sum / this.#weight;
  }
}

function smoothUpdates(
  updates: AnyParameterUpdates,
  parameters: Map<string, Map<Statistic, Mean>>,
  decay: number,
): AnyParameterUpdates {
  requireUpdates(updates, 'ema()');
  const meansOf = updates.names.map((name) => entry(parameters, name, () => new Map<Statistic, Mean>()));
  const columns = Object.fromEntries(
    statisticsOf(updates).map((statistic) => [
      statistic,
      columnOf(updates, statistic)!.map((value, i) =>
        entry(meansOf[i]!, statistic, () => new Mean()).take(value, decay),
      ),
    ]),
  );
  return createParameterUpdates<never>({ ...dataOf(updates), columns });
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function decayOf({ decay, halfLife }: { readonly decay?: number; readonly halfLife?: number }): number {
  if (halfLife !== undefined) {
    if (decay !== undefined) throw new TypeError(`decay: expected none beside halfLife, got ${describeValue(decay)}`);
    return 0.5 ** (1 / checkPositive('halfLife', halfLife));
  }
  const given: unknown = decay ?? 0.9;
  if (typeof given !== 'number' || !(given >= 0 && given < 1)) {
    throw new TypeError(`decay: expected a number from 0 to below 1, got ${describeValue(given)}`);
  }
  return given;
}
