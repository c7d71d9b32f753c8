import { filter, type OperatorFunction } from 'rxjs';
import { checkOneOf, MEASUREMENT_TYPES, type Measurements, type MeasurementType } from '../events/index.js';

/**
 * Of a stream of events and measurements, as a recorded run has them, only the measurements of one type, typed as such.
 *
 * ```text
 * records   -e-u-e-t-u-|     e event   u parameter-updates   t throughput
 * ofMeasurement('parameter-updates')
 *           ---u-----u-|
 * ```
 *
 * Which statistics a recorded measurement has is taken to be the default ones; an operator that does not find what it
 * needs says so.
 *
 * @throws TypeError for a type that there is not; it lists those that there are.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, ofMeasurement, parameterUpdates, throughput } from 'trainscope';
 *
 * const { events$ } = observe({ weight: Float32Array.of(3, -4) });
 * const records$ = merge(events$, events$.pipe(parameterUpdates()), events$.pipe(throughput()));
 * records$.pipe(ofMeasurement('throughput')).subscribe(({ stepsPerSecond }) => console.log(stepsPerSecond));
 * ```
 */
export function ofMeasurement<T extends MeasurementType>(
  type: T,
): OperatorFunction<{ readonly type: string }, Measurements[T]> {
  checkOneOf('type', type, MEASUREMENT_TYPES);
  return filter((record): record is Measurements[T] => record.type === type);
}
