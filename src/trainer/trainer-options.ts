import type { Optimizer } from '@tensorflow/tfjs-core';
import { checkFunction, describeValue, type Metrics, type OptionNames, withoutName } from '../events/index.js';
import { RUN_OPTIONS, type RunOptions } from '../run/index.js';
import type { ResolvedArguments, TrainingArguments } from './arguments/training-arguments.js';
import type { TrainerCallback } from './callbacks/trainer-callback.js';
import type { Collator } from './data/collate.js';
import type { TrainDataset } from './data/train-dataset.js';
import type { ComputeMetrics } from './evaluation/evaluate-model.js';
import type { NamedDatasets } from './evaluation/evaluator.js';
import type { ComputeLoss } from './model/objective.js';
import type { HasFiles, TrainableModel } from './model/trainable-model.js';
import type { DecayParameters } from './optimizer/create-optimizer.js';
import type { CheckpointStore } from './stores/checkpoint-store.js';

/** Options of `new Trainer()`: the model, its data, and how it is trained and judged. */
export interface TrainerOptions<Example = unknown> extends Omit<RunOptions, 'run'> {
  /**
   * What is trained: a `tf.LayersModel` that was compiled with a loss, or an object with `parameters()` and
   * `forward()`.
   */
  readonly model: TrainableModel;
  /** How it is trained. Default: Hugging Face's defaults. */
  readonly args?: TrainingArguments;
  /** The examples to train on. Default: none, for a Trainer that only evaluates. */
  readonly trainDataset?: TrainDataset<Example>;
  /** One, or several by name: their metrics then have the name in them, `eval_<name>_loss`. */
  readonly evalDataset?: TrainDataset<Example> | NamedDatasets<Example>;
  /** Makes batches of examples. Default: one tensor a field, stacked. */
  readonly dataCollator?: Collator<Example>;
  /** A loss of one's own. Default: the model's, or that of its logits. */
  readonly computeLoss?: ComputeLoss;
  /** Metrics of an evaluation, besides the loss. */
  readonly computeMetrics?: ComputeMetrics;
  /** Called in this order at each point of the loop. Default: none. */
  readonly callbacks?: readonly TrainerCallback[];
  /** The tokenizer, or whatever makes the model's inputs: checkpoints and `saveModel()` carry its files. */
  readonly processingClass?: HasFiles;
  /**
   * Which parameters `weightDecay` is for: their names, or a function of a name. Default: all but biases and normalisation
   * weights; those of a LayersModel by the types of its layers, others by their names.
   */
  readonly decayParameters?: DecayParameters;
  /** An optimizer of `tf.train` or one's own, which stays the caller's. Default: AdamW, made for each training. */
  readonly optimizer?: Optimizer;
  /**
   * Where checkpoints are kept, and models with `saveModel()`. Default: folders of the file system ({@link folderStore}); in a
   * browser its IndexedDB ({@link indexedDbStore}).
   */
  readonly checkpointStore?: CheckpointStore;
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
  processingClass: true,
  decayParameters: true,
  optimizer: true,
  checkpointStore: true,
  ...withoutName(RUN_OPTIONS, 'run'),
};

/** Options of `trainer.train()`: where it goes on from. */
export interface TrainOptions {
  /** A checkpoint folder, or true for the last one in `outputDir`. Default: the argument of that name. */
  readonly resumeFromCheckpoint?: string | boolean;
}

export const TRAIN_OPTIONS: OptionNames<TrainOptions> = { resumeFromCheckpoint: true };

/** Options of `trainer.evaluate()` and `trainer.predict()`: what metrics are called. */
export interface EvaluationOptions {
  /** What the names of the metrics begin with. Default: `eval`, of `predict` `test`. */
  readonly metricKeyPrefix?: string;
}

export const EVALUATION_OPTIONS: OptionNames<EvaluationOptions> = { metricKeyPrefix: true };

/** What `trainer.train()` gives when the training is over. */
export interface TrainOutput {
  /** Updates made, over all sessions of the training. */
  readonly globalStep: number;
  /** The mean loss of an update. */
  readonly trainingLoss: number;
  /**
   * Of the whole training: `train_runtime` (seconds), `train_samples_per_second`, `train_steps_per_second`,
   * `total_flos`, `train_loss`.
   */
  readonly metrics: Metrics;
}

/** @throws TypeError for what is no function, no callback, or evaluations without a dataset. */
export function checkTrainerOptions<Example>(options: TrainerOptions<Example>, args: ResolvedArguments): void {
  const {
    computeLoss,
    computeMetrics,
    dataCollator,
    callbacks = [],
    evalDataset,
    processingClass,
    decayParameters,
  } = options;
  if (computeLoss) checkFunction('computeLoss', computeLoss, 'function (output, batch, context) → scalar');
  if (computeMetrics) checkFunction('computeMetrics', computeMetrics, 'function { predictions, labels } → metrics');
  if (dataCollator) checkFunction('dataCollator', dataCollator, 'function examples → batch');
  if (processingClass) checkFunction('processingClass.files', processingClass.files, 'function → files by name');
  if (decayParameters && options.optimizer) {
    throw new TypeError(
      'decayParameters: expected none with an optimizer of your own, which has its own decay; got some',
    );
  }
  if (decayParameters && !Array.isArray(decayParameters)) {
    checkFunction('decayParameters', decayParameters, 'list of names, or a function name → boolean');
  }
  callbacks.forEach((callback, i) => {
    if (typeof callback === 'object' && callback !== null) return;
    throw new TypeError(`callbacks[${i}]: expected an object with hooks, got ${describeValue(callback)}`);
  });
  if (evalDataset === undefined && (args.evalStrategy !== 'no' || args.evalOnStart)) {
    const why = args.evalOnStart ? 'evalOnStart' : `evalStrategy ${JSON.stringify(args.evalStrategy)}`;
    throw new TypeError(`evalDataset: expected one with ${why}, got none; give one, or set evalStrategy to "no"`);
  }
}
