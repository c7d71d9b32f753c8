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
  readonly args: ResolvedArguments;
  /** Where the training is; to read. */
  readonly state: Readonly<TrainerState>;
  /** What the loop shall do: set its flags. */
  readonly control: TrainerControl;
  readonly model: TrainableModel;
  /** While training. */
  readonly optimizer?: Optimizer;
  /** While training. */
  readonly scheduler?: Scheduler;
}

export interface MetricsContext extends CallbackContext {
  readonly metrics: Metrics;
}

export interface LogContext extends CallbackContext {
  readonly logs: Metrics;
}

export interface OptimizerStepContext extends CallbackContext {
  /** Live: good until the hook is over. */
  readonly parameters: StepParameters;
}

export interface PreOptimizerStepContext extends OptimizerStepContext {
  /** By the names of the variables, clipped already; good until the hook is over. */
  readonly gradients: Readonly<Record<string, Tensor>>;
  /** The global norm of the gradients before they were clipped. */
  readonly gradNorm: number;
}

type Hook<Context> = (context: Context) => void | Promise<void>;

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
  readonly onTrainBegin?: Hook<CallbackContext>;
  readonly onTrainEnd?: Hook<CallbackContext>;
  readonly onEpochBegin?: Hook<CallbackContext>;
  readonly onEpochEnd?: Hook<CallbackContext>;
  /** Before the first micro-batch of an update. */
  readonly onStepBegin?: Hook<CallbackContext>;
  /** The gradients are there and clipped; the optimizer comes next. */
  readonly onPreOptimizerStep?: Hook<PreOptimizerStepContext>;
  /** The optimizer has updated the parameters; the learning rate is still the one it used. */
  readonly onOptimizerStep?: Hook<OptimizerStepContext>;
  /** After a micro-batch that does not update. */
  readonly onSubstepEnd?: Hook<CallbackContext>;
  readonly onStepEnd?: Hook<CallbackContext>;
  readonly onEvaluate?: Hook<MetricsContext>;
  readonly onPredict?: Hook<MetricsContext>;
  /** A checkpoint has been written. */
  readonly onSave?: Hook<CallbackContext>;
  readonly onLog?: Hook<LogContext>;
  /** A batch of an evaluation or a prediction is done. */
  readonly onPredictionStep?: Hook<CallbackContext>;
  /** What is to be saved in checkpoints. */
  readonly state?: () => CallbackState;
  /** Go on from a state that was saved. */
  readonly restore?: (state: CallbackState) => void;
}

/** The hooks, and what each is given. */
export type CallbackHook = Exclude<keyof TrainerCallback, 'name' | 'state' | 'restore'>;

/** What a hook is given. */
export type ContextOf<H extends CallbackHook> = Parameters<NonNullable<TrainerCallback[H]>>[0];
