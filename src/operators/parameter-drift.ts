import { finalize, map, type OperatorFunction, pipe } from 'rxjs';
import type { TrainingEvent } from '../events/events.js';
import type { ParameterDrift } from '../events/measurements.js';
import { DriftRecorder } from './drift-recorder.js';
import { inOrder } from './in-order.js';
import { perSubscription } from './per-subscription.js';
import { checkSchedule, type Schedule } from './schedule.js';

export interface ParameterDriftOptions {
  /** Which steps to measure. Default: every step. */
  readonly when?: Schedule;
}

/**
 * Measure how far every parameter has come (L2 distance) from where it was at the start, and at the last measurement.
 *
 * ```text
 * events        -b-p-o-e--b-p-o-e-|     p pre-optimizer-step   o optimizer-step
 * parameterDrift()
 *               -----d--------d---|
 * ```
 *
 * The start is what the parameters were before the first update that the subscription sees. A parameter that comes
 * later, or comes back in another shape, starts its own drift then. Both old values are kept, by reference where the
 * backend allows: this holds up to two further copies of the parameters in memory, for as long as the subscription
 * lives. Measured and emitted at `optimizer-step`, in step order.
 *
 * Errors of the stream: what `when` throws; TypeError when it answers with anything but a boolean, or when the events
 * are a recorded run's, which carry no parameters.
 *
 * @throws TypeError when `when` is not a function.
 *
 * @example
 * ```ts
 * import { everySteps, parameterDrift } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.events$.pipe(parameterDrift({ when: everySteps(100) })).subscribe(({ step, names, columns }) => {
 *   names.forEach((name, i) => console.log(step, name, columns.fromStart[i], columns.fromLast[i]));
 * });
 * ```
 */
export function parameterDrift({
  when = () => true,
}: ParameterDriftOptions = {}): OperatorFunction<TrainingEvent, ParameterDrift> {
  const checked = checkSchedule(when);
  return perSubscription(() => {
    const recorder = new DriftRecorder(checked);
    return pipe(
      // Events are taken as they come, while their parameters live; what comes of them keeps its order.
      map((event: TrainingEvent) => recorder.take(event)),
      inOrder(),
      finalize(() => recorder.dispose()),
    );
  });
}
