import type { StepParameters } from '../parameters/index.js';
import type { ConfusionMatrix } from './confusion-matrix.js';
import type { ModelSummary } from './model-summary.js';
import type { TimeByName } from './time-ledger.js';

/**
 * What a training loop just did, in the order it does it. One step is one optimizer update: with gradient
 * accumulation, one `step-begin`, several `substep-end`, one `step-end`.
 *
 * Every event is a plain readonly record. Only `pre-optimizer-step` and `optimizer-step` carry a live handle on the
 * parameters; it is good for the time of that delivery and is left out of the serial form.
 */
export type TrainingEvent =
  | TrainBeginEvent
  | EpochBeginEvent
  | StepBeginEvent
  | SubstepEndEvent
  | PreOptimizerStepEvent
  | OptimizerStepEvent
  | StepEndEvent
  | EvaluateEvent
  | PredictEvent
  | SaveEvent
  | LogEvent
  | EpochEndEvent
  | TrainEndEvent
  | AlertEvent
  | ControlEvent
  | RanksEvent
  | SinkErrorEvent;

/** The `type` of an event: `'step-end'`, `'alert'` and so on. */
export type TrainingEventType = TrainingEvent['type'];

/** The event whose `type` is `T`. */
export type EventOf<T extends TrainingEventType> = Extract<TrainingEvent, { readonly type: T }>;

/** Named numbers, such as `{ loss: 0.31, accuracy: 0.87 }`. */
export type Metrics = Readonly<Record<string, number>>;

/** What somebody makes of predictions: metrics, and which classes were taken for which. */
export interface Evaluation {
  /** Numbers by name, such as `{ val_accuracy: 0.93 }`. Default: none. */
  readonly metrics?: Metrics;
  /** Counted by {@link confusionMatrix}. Default: none. */
  readonly confusion?: ConfusionMatrix;
}

/** Named settings of a training, such as `{ learning_rate: 2e-5, optimizer: 'AdamW' }`. */
export type Config = Readonly<Record<string, string | number | boolean | null>>;

/** How bad an alert is. `error` means that going on is likely a waste. */
export type Severity = 'info' | 'warning' | 'error';

/** How sure a cause is: it was seen itself; nothing else explains what was seen as well; it is one of several that do. */
export type Confidence = 'certain' | 'likely' | 'possible';

/** What every event says. */
export interface EventContext {
  /** The name of the run, as given to the source. */
  readonly run: string;
  /** Optimizer updates done so far. The first update's own events up to `optimizer-step` say 0, its `step-end` says 1. */
  readonly step: number;
  /** Epochs done so far, with the fraction of the running one where the source knows it. */
  readonly epoch: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
}

/** The loop starts. */
export interface TrainBeginEvent extends EventContext {
  readonly type: 'train-begin';
  /** Updates the run will make, where known. */
  readonly maxSteps?: number;
  /** Epochs at the end of the run, where known: those before it began included. */
  readonly numEpochs?: number;
  /** How many processes train the model together, where there are several. */
  readonly world?: number;
  /** The hyperparameters of the run, where the source knows them. */
  readonly config?: Config;
  /** What the model is made of, where the source knows it; left out where it is what the run has said before. */
  readonly model?: ModelSummary;
}

/** An epoch starts. */
export interface EpochBeginEvent extends EventContext {
  readonly type: 'epoch-begin';
}

/** An update starts: its first batch is about to be seen. */
export interface StepBeginEvent extends EventContext {
  readonly type: 'step-begin';
}

/** A micro-batch that did not update the parameters has ended (gradient accumulation). */
export interface SubstepEndEvent extends EventContext {
  readonly type: 'substep-end';
}

/** The gradients are ready and the parameters still hold their old values. */
export interface PreOptimizerStepEvent extends EventContext {
  readonly type: 'pre-optimizer-step';
  /** Live: see {@link StepParameters}. */
  readonly parameters: StepParameters;
}

/** The optimizer has just updated the parameters. */
export interface OptimizerStepEvent extends EventContext {
  readonly type: 'optimizer-step';
  /** Live: see {@link StepParameters}. */
  readonly parameters: StepParameters;
}

/** An update has ended. */
export interface StepEndEvent extends EventContext {
  readonly type: 'step-end';
  /** The loss of the step's batches. NaN where the loop never showed it, which `lossShown` tells from a loss of NaN. */
  readonly loss: number;
  /** False where the loop never showed the step's loss; else left out. */
  readonly lossShown?: false;
  /** The learning rate the optimizer used, NaN where it has none that can be read. */
  readonly learningRate: number;
  /** From `step-begin` to here; see the source for what it can see of a step. */
  readonly durationMs: number;
  /** Set where `durationMs` is known to be of all that a step is, its forward pass too; a loop may show its update alone. */
  readonly whole?: true;
  /** Examples in the step's batches, NaN where the source cannot know. */
  readonly examples: number;
  /** Tokens in the step's batches, where the source counts them. */
  readonly tokens?: number;
  /** The part of `durationMs` that operators, sinks and subscribers took. */
  readonly observingMs: number;
  /**
   * Whose part of `observingMs` is how long, where the source knows: a sink by its name, an operator or a rule by its
   * own; `operators` is the rest, of operators without a name and of the delivery itself. Their sum is `observingMs`.
   */
  readonly observingBy?: TimeByName;
  /**
   * The share of the model's elements whose update is known, where some ranks have not told of theirs in time: below 1.
   * The statistics of the other parameters are NaN.
   */
  readonly coverage?: number;
  /** The tensors that TensorFlow.js held when the step ended, where the source counts them. */
  readonly numTensors?: number;
}

/** An evaluation has ended. */
export interface EvaluateEvent extends EventContext {
  readonly type: 'evaluate';
  /**
   * Numbers by name, as the loop calls them: `{ eval_loss: 0.31 }` of the Trainer, `{ val_loss: 0.31 }` of `model.fit`.
   */
  readonly metrics: Metrics;
  /** Which classes were taken for which, where somebody has counted. */
  readonly confusion?: ConfusionMatrix;
}

/** A prediction run has ended. */
export interface PredictEvent extends EventContext {
  readonly type: 'predict';
  /** Numbers by name, as the loop calls them: `{ test_loss: 0.31 }` of the Trainer. */
  readonly metrics: Metrics;
  /** Which classes were taken for which, where somebody has counted. */
  readonly confusion?: ConfusionMatrix;
}

/** A checkpoint has been written. */
export interface SaveEvent extends EventContext {
  readonly type: 'save';
  /** Where: a folder or a URL. */
  readonly path: string;
}

/** The loop reports its metrics. */
export interface LogEvent extends EventContext {
  readonly type: 'log';
  /** Numbers by name, as the loop calls them: `{ loss: 0.31, grad_norm: 1.2 }` of the Trainer. */
  readonly metrics: Metrics;
}

/** An epoch has ended. */
export interface EpochEndEvent extends EventContext {
  readonly type: 'epoch-end';
}

/** How a run ended: as planned, by a request or `close()` before that, or by an exception. */
export type EndStatus = 'completed' | 'stopped' | 'failed';

/** The loop has ended. */
export interface TrainEndEvent extends EventContext {
  readonly type: 'train-end';
  /** Whether the loop went to its planned end. */
  readonly status: EndStatus;
  /** Why, unless it is completed. */
  readonly reason?: string;
}

/** A rule found something, or finds that it is over. */
export interface AlertEvent extends EventContext {
  readonly type: 'alert';
  /** The rule's name, such as `exploding-updates`. */
  readonly rule: string;
  /** How bad it is: what `stopOnAlert()` and `rollback()` go by. */
  readonly severity: Severity;
  /** What, where, since when, how far from normal, why as far as it is known, and what to try. */
  readonly message: string;
  /** What is wrong, by its name in docs/rules.md, such as `rate-too-low`; left out where the rule cannot say. */
  readonly cause?: string;
  /** How sure that cause is. */
  readonly confidence?: Confidence;
  /** What else it could be, by such names, the likeliest first. */
  readonly otherwise?: readonly string[];
  /** The rules that see the same trouble, and whose own alerts this one stands for. */
  readonly evidence?: readonly string[];
  /** The parameter or layer concerned, where there is one; the worst of them, where there are several. */
  readonly parameter?: string;
  /** All parameters or layers that the same trouble befell at once, where there are several. */
  readonly parameters?: readonly string[];
  /** One trouble is one alert that begins and ends. */
  readonly phase: 'begin' | 'end';
  /** The step at which the trouble was first seen. */
  readonly firstStep: number;
  /** The step at which it was last seen so far. */
  readonly lastStep?: number;
  /** The measured number that the trouble was seen by, where there is one; its unit is in the message. */
  readonly value?: number;
  /** The bound that `value` has crossed, where there is one. */
  readonly threshold?: number;
}

/** What one of the processes that train a model together tells of a step. */
export interface RankReport {
  /** Which of the processes, from 0. */
  readonly rank: number;
  /** Milliseconds from the end of the update before to the end of the forward pass: what it alone does, NaN where it does not say. */
  readonly forwardMs: number;
  /** Milliseconds of the whole step, NaN where it does not say. */
  readonly durationMs: number;
}

/** A parameter of which two ranks should have the same values, and do not. */
export interface RankDifference {
  /** The name of the parameter. */
  readonly parameter: string;
  /** The two ranks, each from 0. */
  readonly ranks: readonly [number, number];
  /** How far their norms are apart, over the larger of them; Infinity where one is NaN. */
  readonly relative: number;
}

/** What the processes that train a model together told of a step: before its `step-end`, where there are several. */
export interface RanksEvent extends EventContext {
  readonly type: 'ranks';
  /** How many processes train the model together, those that are missing here included. */
  readonly world: number;
  /** One a rank that has told of the step, in the order of the ranks. */
  readonly reports: readonly RankReport[];
  /** The ranks that had not told of the step in time. */
  readonly missing: readonly number[];
  /** The parameters of which replicas went apart; empty where all are alike. */
  readonly differences: readonly RankDifference[];
}

/** Something asked the loop to act, and it did (or says why not). */
export interface ControlEvent extends EventContext {
  readonly type: 'control';
  /** What was asked, as in the request. */
  readonly command: ControlCommand;
  /** Who asked. */
  readonly source: string;
  /** Why, and what came of it. */
  readonly message: string;
  /** The parameter or layer that it is about, where the request names one. */
  readonly parameter?: string;
  /** Set where the loop could not do it; the message says why. */
  readonly refused?: true;
}

/** What a control operator asks of the loop: `training.steer(requests$)` has it done. */
export interface ControlRequest {
  /** What the loop shall do. */
  readonly command: ControlCommand;
  /** Who asks: the operator's name, such as `steerUpdateRatio`. */
  readonly source: string;
  /** Why. */
  readonly message: string;
  /** The parameter or layer that it is about, where there is one. */
  readonly parameter?: string;
}

/**
 * What can be asked of a loop.
 *
 * The rate of an update is the rate that was set (by the loop, by its schedule, by `set-learning-rate`) times the
 * factors of `scale-learning-rate`, one for each source that has asked: a later request of a source replaces its own
 * factor only. So control works on top of a schedule, and two controls do not undo each other.
 */
export type ControlCommand =
  | {
      readonly kind: 'set-learning-rate';
      /** The rate to set, as the loop or its schedule would: it holds until that sets another. */
      readonly learningRate: number;
    }
  | {
      readonly kind: 'scale-learning-rate';
      /** What this source multiplies the rate with from now on; 1 takes its last request back. */
      readonly factor: number;
    }
  | { readonly kind: 'stop' }
  | {
      readonly kind: 'skip-step';
      /** The one update not to make: refused where it is made already. Default: the next one. */
      readonly step?: number;
    }
  | { readonly kind: 'save' }
  | { readonly kind: 'evaluate' }
  | {
      readonly kind: 'rollback';
      /** The rate to go on with. Default: what the loop decides; the Trainer takes half. */
      readonly learningRate?: number;
      /** Back to the last checkpoint that was saved when fewer steps than these were done. Default: to the last. */
      readonly beforeStep?: number;
    };

/** A sink, an operator or a subscriber failed and was detached; the training went on. */
export interface SinkErrorEvent extends EventContext {
  readonly type: 'sink-error';
  /** Its name: `csvSink(parameter_updates.csv)`. */
  readonly sink: string;
  /** What it failed with, in one line. */
  readonly message: string;
  /** The thrown value. In the serial form, its message. */
  readonly cause: unknown;
}
