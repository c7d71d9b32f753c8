import { concat, defer, finalize, map, type OperatorFunction, of } from 'rxjs';
import { checkOneOf } from '../events/check-option.js';
import type { TrainingEvent } from '../events/events.js';
import type { ParameterUpdates } from '../parameters/parameter-updates.js';
import {
  DEFAULT_STATISTICS,
  type DefaultStatistic,
  type HistogramSubject,
  type Measure,
  STATISTICS,
  type Statistic,
} from '../parameters/statistics.js';
import { inOrder } from './in-order.js';
import { perSubscription } from './per-subscription.js';
import { checkSchedule, type Schedule } from './schedule.js';
import { UpdateRecorder } from './update-recorder.js';

export interface ParameterUpdatesOptions<S extends Statistic = DefaultStatistic> {
  /** What to measure. Default: `DEFAULT_STATISTICS`. What is not asked for is not computed. */
  readonly statistics?: readonly S[];
  /** Which steps to measure. Default: every step. A step that is not measured costs nothing. */
  readonly when?: Schedule;
  /** Magnitude histograms to add. Default: none; they cost a pass of their own each. */
  readonly histograms?: readonly HistogramSubject[];
}

const HISTOGRAM_SUBJECTS: readonly HistogramSubject[] = ['update', 'weight', 'gradient'];

/**
 * Measure how far every parameter moved in each update.
 *
 * ```text
 * events        -b-p-o-e--b-p-o-e-|     b step-begin   p pre-optimizer-step
 * parameterUpdates()                    o optimizer-step   e step-end
 *               -------u--------u-|
 * ```
 *
 * The values before the update are held by reference from `pre-optimizer-step` to `optimizer-step`, only on steps that
 * `when` chooses. The measurement is emitted when the step's `step-end` comes, so that it carries the loss and the
 * learning rate; in step order, also where `step-end` or the statistics come late (GPU backends). A step that updated
 * but never ended is emitted with a loss and a rate of NaN when it begins again, or at the end; so is the oldest one
 * when more than 64 steps wait for their end.
 *
 * Errors of the stream: what `when` throws; TypeError when it answers with anything but a boolean, or when the events
 * are a recorded run's, which carry no parameters.
 *
 * @throws TypeError for a statistic, a histogram or a schedule that there is not.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { everySteps, parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const w = tf.variable(tf.tensor1d([1, 2]), true, 'w');
 * const optimizer = tf.train.sgd(0.1);
 * const training = instrument(optimizer);
 * training.events$
 *   .pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'], when: everySteps(2) }))
 *   .subscribe((updates) => console.log(updates.step, updates.loss, updates.of('w').updateNorm));
 * for (let i = 0; i < 4; i++) optimizer.minimize(() => w.square().sum() as tf.Scalar);
 * await training.close();
 * ```
 */
export function parameterUpdates<S extends Statistic = DefaultStatistic>(
  options: ParameterUpdatesOptions<S> = {},
): OperatorFunction<TrainingEvent, ParameterUpdates<S>> {
  const measure = checkMeasure(options);
  const when = checkSchedule(options.when ?? (() => true));
  return perSubscription(() => {
    const recorder = new UpdateRecorder(measure, when);
    return (events$) =>
      concat(
        events$.pipe(map((event) => recorder.take(event))),
        defer(() => of(recorder.takeRest())),
      ).pipe(
        inOrder(),
        finalize(() => recorder.dispose()),
      );
  });
}

function checkMeasure<S extends Statistic>(options: ParameterUpdatesOptions<S>): Measure<S> {
  const { statistics = DEFAULT_STATISTICS as readonly Statistic[], histograms = [] } = options;
  for (const statistic of statistics) checkOneOf('statistics', statistic, STATISTICS);
  for (const subject of histograms) checkOneOf('histograms', subject, HISTOGRAM_SUBJECTS);
  return {
    // Columns come in the order of STATISTICS, each once, however they were asked for.
    statistics: STATISTICS.filter((statistic) => statistics.includes(statistic)) as readonly Statistic[] as S[],
    ...(histograms.length > 0 && { histograms: HISTOGRAM_SUBJECTS.filter((subject) => histograms.includes(subject)) }),
  };
}
