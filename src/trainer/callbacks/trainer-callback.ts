import type { Optimizer, Tensor } from '@tensorflow/tfjs-core';
import type { Metrics } from '../../events/index.js';
import type { StepParameters } from '../../parameters/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import type { TrainableModel } from '../model/trainable-model.js';
import type { Scheduler } from '../schedules/scheduler.js';
import type { TrainerControl } from '../state/trainer-control.js';
import type { CallbackState, TrainerState } from '../state/trainer-state.js';

/** What every hook of a callback is given. */
export interface CallbackContext {
  /** The arguments of the training, with every default filled in. */
  readonly args: ResolvedArguments;
  /** Where the training is; to read. */
  readonly state: Readonly<TrainerState>;
  /** What the loop shall do: set its flags. */
  readonly control: TrainerControl;
  /** The model as it was given to the Trainer. */
  readonly model: TrainableModel;
  /** While training. */
  readonly optimizer?: Optimizer;
  /** While training. */
  readonly scheduler?: Scheduler;
}

/** What the hooks after an evaluation and a prediction are told. */
export interface MetricsContext extends CallbackContext {
  /** By their names with the prefix: `eval_loss`. */
  readonly metrics: Metrics;
}

/** What the hook after a log is told. */
export interface LogContext extends CallbackContext {
  /** What was logged, by name: `loss`, `grad_norm`, `learning_rate`, `epoch`. */
  readonly logs: Metrics;
}

/** What the hook after an update is told. */
export interface OptimizerStepContext extends CallbackContext {
  /** Live: good until the hook is over. */
  readonly parameters: StepParameters;
}

/** What the hook before an update is told. */
export interface PreOptimizerStepContext extends OptimizerStepContext {
  /** By the names of the variables, clipped already; good until the hook is over. */
  readonly gradients: Readonly<Record<string, Tensor>>;
  /** The global norm of the gradients before they were clipped. */
  readonly gradNorm: number;
}

/** What a callback does at one point of the loop, which waits for a promise. */
export type TrainerHook<Context> = (context: Context) => void | Promise<void>;

/**
 * Something to be done in the course of a training: a plain object with the hooks it needs, in Hugging Face's names.
 * The loop waits for hooks that return a promise, and ends with the error of one that throws.
 *
 * @example
 * ```ts
 * import type { TrainerCallback } from 'trainscope/trainer';
 *
 * const stopEarly: TrainerCallback = {
 *   onStepEnd({ state, control }) {
 *     if (state.globalStep >= 100) control.shouldTrainingStop = true;
 *   },
 * };
 * ```
 */
export interface TrainerCallback {
  /** Under which its state is saved. Default: the name of its class. */
  readonly name?: string;
  /** The Trainer has been made. */
  readonly onInitEnd?: (context: CallbackContext) => void;
  /** Before the first step, also of a resumed training. */
  readonly onTrainBegin?: TrainerHook<CallbackContext>;
  /** After the last step, where the training ends in order; the best model is back by then. */
  readonly onTrainEnd?: TrainerHook<CallbackContext>;
  /** Before the first batch of an epoch. */
  readonly onEpochBegin?: TrainerHook<CallbackContext>;
  /** After the last batch of an epoch, before what is due at its end. */
  readonly onEpochEnd?: TrainerHook<CallbackContext>;
  /** Before the first micro-batch of an update. */
  readonly onStepBegin?: TrainerHook<CallbackContext>;
  /** The gradients are there and clipped; the optimizer comes next. */
  readonly onPreOptimizerStep?: TrainerHook<PreOptimizerStepContext>;
  /** The optimizer has updated the parameters; the learning rate is still the one it used. */
  readonly onOptimizerStep?: TrainerHook<OptimizerStepContext>;
  /** After a micro-batch that does not update. */
  readonly onSubstepEnd?: TrainerHook<CallbackContext>;
  /** After an update, before what is due then: where flags of `control` act at once. */
  readonly onStepEnd?: TrainerHook<CallbackContext>;
  /** After an evaluation, of a training or by `evaluate()`. */
  readonly onEvaluate?: TrainerHook<MetricsContext>;
  /** After `predict()`. */
  readonly onPredict?: TrainerHook<MetricsContext>;
  /** A checkpoint has been written. */
  readonly onSave?: TrainerHook<CallbackContext>;
  /** After metrics were logged. */
  readonly onLog?: TrainerHook<LogContext>;
  /** A batch of an evaluation or a prediction is done. */
  readonly onPredictionStep?: TrainerHook<CallbackContext>;
  /** What is to be saved in checkpoints. */
  readonly state?: () => CallbackState;
  /** Go on from a state that was saved. */
  readonly restore?: (state: CallbackState) => void;
}

/** The hooks, and what each is given. */
export type CallbackHook = Exclude<keyof TrainerCallback, 'name' | 'state' | 'restore'>;

/** What a hook is given. */
export type ContextOf<H extends CallbackHook> = Parameters<NonNullable<TrainerCallback[H]>>[0];
