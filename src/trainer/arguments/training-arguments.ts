import type { AnySchedulerOptions, SchedulerType } from '../schedules/scheduler.js';

/** When something is done in the course of a training. */
export type IntervalStrategy = 'no' | 'steps' | 'epoch';

/** When checkpoints are written: `best` after every evaluation that is the best so far. */
export type SaveStrategy = IntervalStrategy | 'best';

/** The order of the examples in an epoch: shuffled, that of the dataset, or shuffled and then put together by length. */
export type SamplingStrategy = 'random' | 'sequential' | 'group_by_length';

/** What a checkpoint that the system refuses to write does to the training. */
export type SaveFailure = 'continue' | 'fail';

/** Which tokens of the input are counted: none, all, or those that are no padding. */
export type TokenCounting = 'no' | 'all' | 'non_padding';

/**
 * How to train: the arguments of Hugging Face's TrainingArguments in camelCase, with its meanings and defaults.
 *
 * Intervals in steps are whole numbers of updates, or, below 1, a share of all updates.
 */
export interface TrainingArguments {
  /** The folder of the checkpoints. Default: `trainer_output`. */
  readonly outputDir?: string;
  /** The name of the run, on every event. Default: the last part of `outputDir`. */
  readonly runName?: string;
  /** Examples in a micro-batch. Default: 8. */
  readonly perDeviceTrainBatchSize?: number;
  /** Examples in a batch of an evaluation. Default: 8. */
  readonly perDeviceEvalBatchSize?: number;
  /** Micro-batches in an update. Default: 1. */
  readonly gradientAccumulationSteps?: number;
  /** Epochs to train, fractions allowed. Default: 3. */
  readonly numTrainEpochs?: number;
  /** Updates to make; above 0 it overrides `numTrainEpochs`. Default: −1. */
  readonly maxSteps?: number;

  /** The highest learning rate. Default: 5e-5. */
  readonly learningRate?: number;
  /** Default: `linear`. */
  readonly lrSchedulerType?: SchedulerType;
  /** What the schedule takes besides warm-up and length. */
  readonly lrSchedulerKwargs?: AnySchedulerOptions;
  /** Updates in which the rate rises; below 1, the share of all updates. Default: 0. */
  readonly warmupSteps?: number;
  /** The same as `warmupSteps` below 1. */
  readonly warmupRatio?: number;
  /** The optimizer to make; another one is given to the Trainer as `optimizer`. Default: `adamw`. */
  readonly optim?: 'adamw';
  /** Decay of weights, none of biases and normalisation weights. Default: 0. */
  readonly weightDecay?: number;
  /** Default: 0.9. */
  readonly adamBeta1?: number;
  /** Default: 0.999. */
  readonly adamBeta2?: number;
  /** Default: 1e-8. */
  readonly adamEpsilon?: number;
  /** Gradients are scaled down to this global L2 norm; 0 leaves them. Default: 1. */
  readonly maxGradNorm?: number;
  /** Share of the target that is spread over all labels, 0…1. Default: 0. */
  readonly labelSmoothingFactor?: number;

  /** Default: `no`. */
  readonly evalStrategy?: IntervalStrategy;
  /** Default: `loggingSteps`. */
  readonly evalSteps?: number;
  /** No evaluation before so many steps, or epochs with `evalStrategy: 'epoch'`. Default: 0. */
  readonly evalDelay?: number;
  /** Evaluate before the first step. Default: false. */
  readonly evalOnStart?: boolean;
  /** Evaluate the loss only, and keep no predictions. Default: false. */
  readonly predictionLossOnly?: boolean;

  /** Default: `steps`. */
  readonly loggingStrategy?: IntervalStrategy;
  /** Default: 500. */
  readonly loggingSteps?: number;
  /** Log the first step too. Default: false. */
  readonly loggingFirstStep?: boolean;
  /** Leave losses that are not finite out of the logged mean; an alert says that one came. Default: true. */
  readonly loggingNanInfFilter?: boolean;
  /**
   * Count the tokens that were trained on, in the state, the log and the events: all of the model's input, or those that
   * its `attentionMask` lets through. true is `all`. Default: `no`.
   */
  readonly includeNumInputTokensSeen?: TokenCounting | boolean;
  /** Show no progress bar and no log lines. Default: false. */
  readonly disableTqdm?: boolean;

  /** Default: `steps`. */
  readonly saveStrategy?: SaveStrategy;
  /** Default: 500. */
  readonly saveSteps?: number;
  /** Checkpoints to keep; the best one is kept besides. Default: all. */
  readonly saveTotalLimit?: number;
  /** Write no optimizer, scheduler and random state: smaller, but not to be resumed from. Default: false. */
  readonly saveOnlyModel?: boolean;
  /**
   * Where a checkpoint cannot be written (no file handle, no room, no right), after some attempts: go on, with an alert, and
   * try again when the next one is due; or end the training. Default: `continue`.
   */
  readonly saveFailure?: SaveFailure;
  /** At the end, go back to the weights of the best checkpoint. Default: false. */
  readonly loadBestModelAtEnd?: boolean;
  /** A name in the metrics of an evaluation, with or without `eval_`. Default: `loss`, where one is needed. */
  readonly metricForBestModel?: string;
  /** Default: true unless the metric's name ends in `loss`. */
  readonly greaterIsBetter?: boolean;

  /** A checkpoint folder, or true for the last one in `outputDir`. `train()` may say otherwise. Default: none. */
  readonly resumeFromCheckpoint?: string | boolean;
  /** A resumed run begins its epoch anew, instead of after the batches that were seen. Default: false. */
  readonly ignoreDataSkip?: boolean;
  /** A resumed run restores callbacks that have a state. Default: false. */
  readonly restoreCallbackStatesFromCheckpoint?: boolean;

  /**
   * In which order an indexed dataset is seen. `group_by_length` puts examples of about one length into a batch, so that
   * little is padded: faster, and a little less random; the dataCollator has to pad to the longest of the batch. What is
   * iterated comes in its own order. Default: `random`.
   */
  readonly trainSamplingStrategy?: SamplingStrategy;
  /** The field of an example that says its length; without it, the length of the model's input. Default: `length`. */
  readonly lengthColumnName?: string;

  /** Of everything random. Default: 42. */
  readonly seed?: number;
  /** Of the order of the examples. Default: `seed`. */
  readonly dataSeed?: number;
  /** Leave out a last batch that is smaller than the others. Default: false. */
  readonly dataloaderDropLast?: boolean;
}

/** The arguments that may be left out, and then mean that there is none. */
export type OptionalArguments =
  | 'metricForBestModel'
  | 'saveTotalLimit'
  | 'dataSeed'
  | 'lrSchedulerKwargs'
  | 'resumeFromCheckpoint';

/** The arguments with every default filled in. */
export type ResolvedArguments = Readonly<
  Required<Omit<TrainingArguments, OptionalArguments | 'warmupRatio' | 'includeNumInputTokensSeen'>>
> &
  Readonly<Pick<TrainingArguments, OptionalArguments>> & {
    /** Which tokens are counted: `true` of the arguments is `all` here. */
    readonly includeNumInputTokensSeen: TokenCounting;
  };

/** Hugging Face's defaults. `evalSteps`, `runName` and `greaterIsBetter` follow from other arguments. */
export const DEFAULT_ARGUMENTS = {
  outputDir: 'trainer_output',
  perDeviceTrainBatchSize: 8,
  perDeviceEvalBatchSize: 8,
  gradientAccumulationSteps: 1,
  numTrainEpochs: 3,
  maxSteps: -1,
  learningRate: 5e-5,
  lrSchedulerType: 'linear',
  warmupSteps: 0,
  optim: 'adamw',
  weightDecay: 0,
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  adamEpsilon: 1e-8,
  maxGradNorm: 1,
  labelSmoothingFactor: 0,
  evalStrategy: 'no',
  evalDelay: 0,
  evalOnStart: false,
  predictionLossOnly: false,
  loggingStrategy: 'steps',
  loggingSteps: 500,
  loggingFirstStep: false,
  loggingNanInfFilter: true,
  includeNumInputTokensSeen: 'no',
  disableTqdm: false,
  saveStrategy: 'steps',
  saveSteps: 500,
  saveOnlyModel: false,
  saveFailure: 'continue',
  loadBestModelAtEnd: false,
  ignoreDataSkip: false,
  restoreCallbackStatesFromCheckpoint: false,
  trainSamplingStrategy: 'random',
  lengthColumnName: 'length',
  seed: 42,
  dataloaderDropLast: false,
} as const satisfies TrainingArguments;

/** The arguments without a default of their own. */
const WITHOUT_DEFAULT: Readonly<Record<Exclude<keyof TrainingArguments, keyof typeof DEFAULT_ARGUMENTS>, true>> = {
  runName: true,
  lrSchedulerKwargs: true,
  warmupRatio: true,
  evalSteps: true,
  saveTotalLimit: true,
  metricForBestModel: true,
  greaterIsBetter: true,
  resumeFromCheckpoint: true,
  dataSeed: true,
};

/** Every argument there is. */
export const ARGUMENT_NAMES = Object.keys({
  ...DEFAULT_ARGUMENTS,
  ...WITHOUT_DEFAULT,
}) as readonly (keyof TrainingArguments)[];
