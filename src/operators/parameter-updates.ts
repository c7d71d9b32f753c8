import { checkOneOf, checkOptions, type RunRecord } from '../events/index.js';
import {
  type AnyParameterUpdates,
  createParameterUpdates,
  DEFAULT_STATISTICS,
  type DefaultStatistic,
  dataOf,
  type HistogramSubject,
  type Measure,
  type ParameterUpdates,
  requireColumn,
  STATISTICS,
  type Statistic,
} from '../parameters/index.js';
import { measured } from './measured.js';
import { RecordedMeasurements, type RunOperator } from './recorded-measurements.js';
import { checkSchedule, type Schedule } from './schedule.js';
import { UpdateRecorder } from './update-recorder.js';

/** Options of {@link parameterUpdates}: what it measures, and when. */
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
 * It takes the records of a recorded run too: their events carry no parameters, so that what was measured of a step is
 * passed on as it was recorded, once a step, with the statistics that are asked for, at the steps that `when` chooses.
 *
 * Errors of the stream: what `when` throws; TypeError when it answers with anything but a boolean; TypeError when a
 * recorded run lacks a statistic that is asked for, and at its end when it has no measurements at all.
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
): RunOperator<ParameterUpdates<S>> {
  checkOptions('parameterUpdates', options, { statistics: true, when: true, histograms: true });
  const measure = checkMeasure(options);
  const when = checkSchedule(options.when ?? (() => true));
  return measured<RunRecord, ParameterUpdates<S>>('parameterUpdates', () => {
    const recorder = new UpdateRecorder(measure, when);
    const recorded = new RecordedMeasurements<AnyParameterUpdates, ParameterUpdates<S>>({
      type: 'parameter-updates',
      when,
      pick: (updates) => pickMeasured(updates, measure),
      operator: 'parameterUpdates',
    });
    return {
      take: (record) => recorded.take(record) ?? recorder.take(record),
      takeRest: () => [...recorder.takeRest(), ...recorded.end()],
      dispose: () => recorder.dispose(),
    };
  });
}

/** Of what was recorded, what is asked for; in columns of its own. */
function pickMeasured<S extends Statistic>(
  updates: AnyParameterUpdates,
  { statistics, histograms = [] }: Measure<S>,
): ParameterUpdates<S> {
  const columns = statistics.map((statistic) => [
    statistic,
    requireColumn(updates, statistic, 'a recorded run, when it was recorded').slice(),
  ]);
  const picked = histograms.map((subject) => [subject, requireHistograms(updates, subject)]);
  return createParameterUpdates<S>({
    ...(dataOf(updates) as ReturnType<typeof dataOf<never>>),
    columns: Object.fromEntries(columns),
    histograms: Object.fromEntries(picked),
  });
}

function requireHistograms({ histograms }: AnyParameterUpdates, subject: HistogramSubject) {
  const list = histograms[subject];
  if (list) return list;
  throw new TypeError(
    `histograms: expected ${subject} in a recorded run, got only ${Object.keys(histograms).join(', ') || 'none'}; add ${JSON.stringify(subject)} to parameterUpdates({ histograms }) when it is recorded`,
  );
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
