import { hostname } from 'node:os';
import { join } from 'node:path';
import { checkOneOf, checkOptions, describeValue, type RunRecord, type Sink } from '../../events/index.js';
import { STATISTICS, type Statistic } from '../../parameters/index.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { RecordFile } from '../files/record-file.js';
import { requireRunRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import { encodeFileVersion, encodeSessionStart, encodeSummary, type Moment } from './event-encoder.js';
import type { HparamSettings } from './experiment.js';
import { addToExperiment } from './experiment-file.js';
import { freshPath } from './fresh-path.js';
import { RunValues } from './run-values.js';
import type { SummaryValue } from './summary.js';

export type { HparamSettings } from './experiment.js';

/** Options of {@link tensorboardSink}: which scalars it writes, and the settings of the run. */
export interface TensorboardSinkOptions {
  /** Scalars to write of each parameter, each layer and all together. Default: updateNorm, weightNorm, gradientNorm, updateRatio. */
  readonly statistics?: readonly Statistic[];
  /** The run's settings, for TensorBoard's table of runs. */
  readonly hparams?: HparamSettings;
}

/**
 * Writes event files that TensorBoard shows: `tensorboard --logdir <folder>`. On every backend, and without TensorFlow.
 *
 * Each run has a folder in `folder`, by its name, in which slashes nest; a run that goes on adds a file to it, and has
 * readers forget the steps that come anew. What is written, where the stream carries it:
 *
 * | section | tags |
 * |---|---|
 * | `train` | `loss`, `learning_rate`, `step_duration_ms`, `epoch` |
 * | `eval`, `log`, `predict` | the metrics |
 * | `update_norm`, `weight_norm`, `gradient_norm`, `update_ratio` | one a parameter |
 * | `layer_update_norm` and so on | one a layer |
 * | `all_parameters` | these statistics of all parameters together |
 * | `update_magnitude`, `weight_magnitude`, `gradient_magnitude` | histograms, one a parameter; a bucket is a power of two |
 * | `activation_magnitude` | histograms, one a layer, of `activations({ histograms: true })` |
 * | `drift_from_start` and so on | one a parameter |
 * | `throughput` | `steps_per_second`, `examples_per_second`, `tokens_per_second`, `observing_share` |
 * | `class_accuracy` | one a class, of evaluations with a confusion matrix |
 * | text | `confusion_matrix`, `alerts`, `control`, `checkpoints`, `sink_errors`, `end` |
 *
 * Scalars are float32, as in every event file. Every record is in the file before `next` returns, so TensorBoard can
 * follow the run, and nothing is lost when the process is killed.
 *
 * @throws TypeError for an option that is wrong. A folder that cannot be written rejects `closed`, with the reason and
 * the fix.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { everySteps, observe, parameterUpdates } from 'trainscope';
 * import { tensorboardSink } from 'trainscope/node';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) }, { run: 'adam-2e-5' });
 * const updates$ = run.events$.pipe(parameterUpdates({ histograms: ['update'], when: everySteps(10) }));
 * run.attach(
 *   merge(run.events$, updates$),
 *   tensorboardSink('results/tensorboard', { hparams: { optimizer: 'adam', learningRate: 2e-5 } }),
 * );
 * ```
 */
export function tensorboardSink(folder: string, options: TensorboardSinkOptions = {}): Sink<RunRecord> {
  if (typeof folder !== 'string' || folder === '') {
    throw new TypeError(`folder: expected the path of a folder, got ${describeValue(folder)}`);
  }
  checkOptions('tensorboardSink', options, { statistics: true, hparams: true });
  const { statistics = ['updateNorm', 'weightNorm', 'gradientNorm', 'updateRatio'], hparams = {} } = options;
  for (const statistic of statistics) checkOneOf('statistics', statistic, STATISTICS);
  checkHparams(hparams);
  const runs = new Map<string, RunFile>();
  const work: SinkWork<RunRecord> = {
    take(record) {
      let file = runs.get(record.run);
      if (!file) {
        file = new RunFile(folder, record, new RunValues(record.run, statistics, hparams));
        runs.set(record.run, file);
      }
      file.take(record);
    },
    end() {
      endAll(runs.values());
    },
  };
  return createSink(
    `tensorboardSink(${folder})`,
    wholeRecords(work, (record) => requireRunRecord(record, 'tensorboardSink()')),
  );
}

function checkHparams(hparams: HparamSettings): void {
  for (const [name, value] of Object.entries(hparams)) {
    if (['number', 'string', 'boolean'].includes(typeof value)) continue;
    throw new TypeError(`hparams.${name}: expected a number, a string or a boolean, got ${describeValue(value)}`);
  }
}

/** End each file, whatever becomes of the others. @throws what the first that fails does. */
function endAll(files: Iterable<RunFile>): void {
  const failures: unknown[] = [];
  for (const file of files) {
    try {
      file.end();
    } catch (cause) {
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** The event file of one run. */
class RunFile {
  readonly #file: RecordFile;

  constructor(
    private readonly folder: string,
    { run, time }: RunRecord,
    private readonly values: RunValues,
  ) {
    const begin = `events.out.tfevents.${Math.floor(time / 1000)}.${hostname()}.${process.pid}`;
    this.#file = new RecordFile(freshPath(join(folder, folderName(run)), begin), { fresh: true });
    this.#file.append(encodeFileVersion(time));
  }

  take(record: RunRecord): void {
    const step = this.values.begins(record);
    if (step !== undefined) this.#file.append(encodeSessionStart({ time: record.time, step }));
    const values = this.values.take(record);
    if (values.length > 0) this.#append(record, values);
    const experiment = this.values.newInExperiment();
    if (experiment) addToExperiment(this.folder, record.time, experiment);
  }

  end(): void {
    const { values, last } = this.values.end();
    try {
      if (last && values.length > 0) this.#append(last, values);
    } finally {
      this.#file.close();
    }
  }

  #append(moment: Moment, values: readonly SummaryValue[]): void {
    // One that somebody has cut begins anew: a reader needs its version.
    if (this.#file.wasCut()) {
      this.#file.truncate(0);
      this.#file.append(encodeFileVersion(moment.time));
    }
    this.#file.append(encodeSummary(moment, values));
  }
}

/**
 * A run's name as the path of a folder in another, whatever it holds: parts between slashes nest, as TensorBoard shows
 * them. Two runs never have one folder: what a name of a folder should not hold is written `%` and its code.
 */
export function folderName(run: string): string {
  return run
    .split('/')
    .map((part) => {
      const name = part.replaceAll(/[^\p{L}\p{N}._ =,@+-]/gu, escaped);
      return /^\.*$/.test(name) ? name.replaceAll('.', escaped) || '%' : name;
    })
    .join('/');
}

function escaped(characters: string): string {
  return [...Buffer.from(characters)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}
