import { filter, type OperatorFunction } from 'rxjs';
import { checkOneOf } from '../events/check-option.js';
import type { TrainingEvent } from '../events/events.js';
import type { AnyParameterUpdates, ParameterUpdates } from '../parameters/parameter-updates.js';
import type { Activations } from './activations.js';
import type { GlobalNorms } from './global-norms.js';
import type { ParameterDrift } from './parameter-drift.js';
import type { Throughput } from './throughput.js';

/** What operators emit, by its `type`. */
export interface Measurements {
  readonly 'parameter-updates': ParameterUpdates;
  readonly 'parameter-drift': ParameterDrift;
  readonly 'global-norms': GlobalNorms;
  readonly throughput: Throughput;
  readonly activations: Activations;
}

/** Any measurement, whatever statistics it has. */
export type AnyMeasurement = AnyParameterUpdates | ParameterDrift | GlobalNorms<never> | Throughput | Activations;

/** What a recorded run is made of, and what sinks take: events and measurements. */
export type RunRecord = TrainingEvent | AnyMeasurement;

/** The `type` of a measurement. */
export type MeasurementType = keyof Measurements;

const MEASUREMENTS: Readonly<Record<MeasurementType, true>> = {
  'parameter-updates': true,
  'parameter-drift': true,
  'global-norms': true,
  throughput: true,
  activations: true,
};

/** Every measurement type there is. */
export const MEASUREMENT_TYPES = Object.keys(MEASUREMENTS) as readonly MeasurementType[];

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
 * import { instrument, ofMeasurement, parameterUpdates, throughput } from 'trainscope';
 *
 * const { events$ } = instrument(model);
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
