import { checkOptions, type ParameterDrift, type RunRecord } from '../events/index.js';
import { DriftRecorder } from './drift-recorder.js';
import { measured } from './measured.js';
import { RecordedMeasurements, type RunOperator } from './recorded-measurements.js';
import { checkSchedule, type Schedule } from './schedule.js';

/** Options of {@link parameterDrift}: when it measures. */
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
 * Of a recorded run, whose events carry no parameters, the drifts that were recorded are passed on, once a step, at the
 * steps that `when` chooses; they count from the measurement before that was made then.
 *
 * Errors of the stream: what `when` throws; TypeError when it answers with anything but a boolean, and at the end of a
 * recorded run that has no drifts at all.
 *
 * @throws TypeError when `when` is not a function.
 *
 * @example
 * ```ts
 * import { everySteps, observe, parameterDrift } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$.pipe(parameterDrift({ when: everySteps(100) })).subscribe(({ step, names, columns }) => {
 *   names.forEach((name, i) => console.log(step, name, columns.fromStart[i], columns.fromLast[i]));
 * });
 * ```
 */
export function parameterDrift(options: ParameterDriftOptions = {}): RunOperator<ParameterDrift> {
  const { when = () => true } = checkOptions('parameterDrift', options, { when: true });
  const checked = checkSchedule(when);
  return measured<RunRecord, ParameterDrift>('parameterDrift', () => {
    const recorder = new DriftRecorder(checked);
    const recorded = new RecordedMeasurements<ParameterDrift, ParameterDrift>({
      type: 'parameter-drift',
      when: checked,
      pick: (drift) => ({ ...drift, columns: ownColumns(drift.columns) }),
      operator: 'parameterDrift',
    });
    return {
      take: (record) => recorded.take(record) ?? recorder.take(record),
      takeRest: () => recorded.end(),
      dispose: () => recorder.dispose(),
    };
  });
}

/** Columns of its own. */
function ownColumns({
  fromStart,
  relativeFromStart,
  fromLast,
  relativeFromLast,
}: ParameterDrift['columns']): ParameterDrift['columns'] {
  return {
    fromStart: fromStart.slice(),
    relativeFromStart: relativeFromStart.slice(),
    fromLast: fromLast.slice(),
    relativeFromLast: relativeFromLast.slice(),
  };
}
