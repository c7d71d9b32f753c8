import type { Scalar } from '@tensorflow/tfjs-core';
import type { Config, SinkErrorEvent } from '../events/index.js';
import type { CommandHandlers, LoopPlan, LoopReport, Run, RunOptions } from '../run/index.js';
import type { FitCallbacks, FitCallbacksOptions } from './fit-callbacks.js';
import type { NamedParameter } from './parameter-names.js';

/**
 * Options of {@link instrument}: what the run is called, which parameters it has, and how it does what control asks.
 */
export interface InstrumentOptions extends RunOptions {
  /**
   * The parameters to observe, with the names to show: for models that are no `tf.LayersModel`, or to see frozen
   * parameters too. A function is asked at every step. Default: those that the optimizer updates.
   */
  readonly parameters?: readonly NamedParameter[] | (() => readonly NamedParameter[]);
  /** How long a loop by hand will go on, for `maxSteps` and the fraction of an epoch. `fit` says it itself. */
  readonly plan?: LoopPlan;
  /**
   * Hyperparameters by name, said when a training begins with those of the optimizer (`optimizer`, `optimizer.learningRate`,
   * and what else it has): what runs are told apart by where they are compared.
   */
  readonly config?: Config;
  /** How to do what `steer()` may be asked and only the loop's owner knows: save, roll back, evaluate. */
  readonly handlers?: CommandHandlers;
}

/** A training loop of TensorFlow.js under observation. */
export interface Training extends Run {
  /** For `model.fit({ callbacks })`: adds epochs, logs and evaluation. A loop by hand may call them itself. */
  callbacks(options?: FitCallbacksOptions): FitCallbacks;
  /** Tell of an evaluation, a prediction, a log, a checkpoint: as a loop by hand makes them, or after a training. */
  publish(report: LoopReport): void;
  /** For a loop that calls `applyGradients` itself: the loss of the step that is about to be applied. */
  setLoss(loss: number | Scalar): void;
  /**
   * Tell that the loop ends by this exception: `train-end` says so. What `fit`, `minimize` and `applyGradients` throw is
   * known already; this is for what a loop by hand throws elsewhere.
   */
  fail(cause: unknown): void;
  /** Stop observing, and put the optimizer and the model back exactly as they were. The stream stays open. */
  unhook(): void;
  /**
   * Unhook, end the stream, and wait until all that is on its way has arrived and every sink is closed. Gives every
   * `sink-error` of the run. A `fit` that is still going on goes on unobserved, which is said.
   */
  close(): Promise<readonly SinkErrorEvent[]>;
}
