import type { Config, EventOf, TrainEndEvent } from '../events/index.js';
import type { NamedArrays } from '../parameters/index.js';
import type { PublishedEvent } from './event-bus.js';
import type { CommandHandlers } from './loop-control.js';
import type { RunOptions } from './open-run.js';
import type { Run } from './run.js';
import type { LoopPlan } from './training-span.js';

/** Options of {@link observe}: what the run is called, how long it will be, what it is made with, and how it does what control asks. */
export interface ObserveOptions extends RunOptions {
  /** How long the loop will go on, for `maxSteps` and the fraction of an epoch. */
  readonly plan?: LoopPlan;
  /** Hyperparameters by name, said when the loop begins: what runs are told apart by where they are compared. */
  readonly config?: Config;
  /** How to do what `steer()` may be asked and only the loop's owner knows: save, roll back, evaluate. */
  readonly handlers?: CommandHandlers;
}

/** What a loop says of a step. */
export interface ObservedStep {
  /** Default: NaN, never shown. */
  readonly loss?: number;
  /** The rate of this update. Default: what `learningRate()` gave last. */
  readonly learningRate?: number;
  /** Gradients by the names of the parameters. A parameter without one has a gradient norm of 0. */
  readonly gradients?: NamedArrays;
  /** Examples in the step's batches. Default: NaN. */
  readonly examples?: number;
  /** Tokens in the step's batches. */
  readonly tokens?: number;
}

/** What a loop may tell besides its steps. */
export type LoopEvent = PublishedEvent<
  EventOf<'epoch-begin' | 'epoch-end' | 'substep-end' | 'log' | 'evaluate' | 'predict' | 'save'>
>;

/** What there is to tell of a training whose epochs and steps are known. */
export type LoopReport = PublishedEvent<EventOf<'log' | 'evaluate' | 'predict' | 'save'>>;

interface ObservedLoop extends Run {
  /**
   * The rate to update with, of the one that the loop, or its schedule, has set: what control makes of it. A rate that
   * control has set holds until the loop asks for another one than it did then.
   */
  learningRate(learningRate: number): number;
  /** A step begins here, before its forward pass: it is timed from here. Without it, from `step()`. */
  beginStep(): void;
  /** Tell of an epoch, an evaluation, a log, a checkpoint. */
  publish(event: LoopEvent): void;
  /** Tell that the loop ends by this exception: {@link TrainEndEvent} says so. What `update` throws is known already. */
  fail(cause: unknown): void;
}

/** A loop over arrays under observation. */
export interface Observation extends ObservedLoop {
  /**
   * Make an update, which writes the parameters' arrays, and publish it. Gives what `update` gives; where that is a
   * promise, the step ends when it is settled. Where control has asked to skip it, `update` is not called.
   */
  step<R>(details: ObservedStep, update: () => R): R | undefined;
}

/** A loop under observation whose parameters have to be waited for. */
export interface AsyncObservation extends ObservedLoop {
  /** As {@link Observation.step}; the parameters are read before and after the update. */
  step<R>(details: ObservedStep, update: () => R): Promise<Awaited<R> | undefined>;
}
