import type { Optimizer } from '@tensorflow/tfjs-core';
import { checkFunction, describeValue, type OptionNames, withoutName } from '../events/check-option.js';
import type { Metrics } from '../events/events.js';
import { RUN_OPTIONS, type RunOptions } from '../run/open-run.js';
import type { ResolvedArguments, TrainingArguments } from './arguments/training-arguments.js';
import type { TrainerCallback } from './callbacks/trainer-callback.js';
import type { Collator } from './data/collate.js';
import type { TrainDataset } from './data/train-dataset.js';
import type { ComputeMetrics } from './evaluation/evaluate-model.js';
import type { NamedDatasets } from './evaluation/evaluator.js';
import type { ComputeLoss } from './model/objective.js';
import type { TrainableModel } from './model/trainable-model.js';

export interface TrainerOptions<Example = unknown> extends Omit<RunOptions, 'run'> {
  readonly model: TrainableModel;
  readonly args?: TrainingArguments;
  readonly trainDataset?: TrainDataset<Example>;
  /** One, or several by name: their metrics then have the name in them, `eval_<name>_loss`. */
  readonly evalDataset?: TrainDataset<Example> | NamedDatasets<Example>;
  /** Makes batches of examples. Default: one tensor a field, stacked. */
  readonly dataCollator?: Collator<Example>;
  /** A loss of one's own. Default: the model's, or that of its logits. */
  readonly computeLoss?: ComputeLoss;
  /** Metrics of an evaluation, besides the loss. */
  readonly computeMetrics?: ComputeMetrics;
  readonly callbacks?: readonly TrainerCallback[];
  /** An optimizer of `tf.train` or one's own, which stays the caller's. Default: AdamW, made for each training. */
  readonly optimizer?: Optimizer;
}

export const TRAINER_OPTIONS: OptionNames<TrainerOptions> = {
  model: true,
  args: true,
  trainDataset: true,
  evalDataset: true,
  dataCollator: true,
  computeLoss: true,
  computeMetrics: true,
  callbacks: true,
  optimizer: true,
  ...withoutName(RUN_OPTIONS, 'run'),
};

export interface TrainOptions {
  /** A checkpoint folder, or true for the last one in `outputDir`. Default: the argument of that name. */
  readonly resumeFromCheckpoint?: string | boolean;
}

export const TRAIN_OPTIONS: OptionNames<TrainOptions> = { resumeFromCheckpoint: true };

export interface EvaluationOptions {
  /** What the names of the metrics begin with. Default: `eval`, of `predict` `test`. */
  readonly metricKeyPrefix?: string;
}

export const EVALUATION_OPTIONS: OptionNames<EvaluationOptions> = { metricKeyPrefix: true };

export interface TrainOutput {
  /** Updates made, over all sessions of the training. */
  readonly globalStep: number;
  /** The mean loss of an update. */
  readonly trainingLoss: number;
  readonly metrics: Metrics;
}

/** @throws TypeError for what is no function, no callback, or evaluations without a dataset. */
export function checkTrainerOptions<Example>(options: TrainerOptions<Example>, args: ResolvedArguments): void {
  const { computeLoss, computeMetrics, dataCollator, callbacks = [], evalDataset } = options;
  if (computeLoss) checkFunction('computeLoss', computeLoss, 'function (output, batch, context) → scalar');
  if (computeMetrics) checkFunction('computeMetrics', computeMetrics, 'function { predictions, labels } → metrics');
  if (dataCollator) checkFunction('dataCollator', dataCollator, 'function examples → batch');
  callbacks.forEach((callback, i) => {
    if (typeof callback === 'object' && callback !== null) return;
    throw new TypeError(`callbacks[${i}]: expected an object with hooks, got ${describeValue(callback)}`);
  });
  if (evalDataset === undefined && (args.evalStrategy !== 'no' || args.evalOnStart)) {
    const why = args.evalOnStart ? 'evalOnStart' : `evalStrategy ${JSON.stringify(args.evalStrategy)}`;
    throw new TypeError(`evalDataset: expected one with ${why}, got none; give one, or set evalStrategy to "no"`);
  }
}
