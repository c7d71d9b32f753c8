import {
  type ControlCommand,
  type ControlRequest,
  type Metrics,
  type OptionNames,
  shortNumber,
} from '../events/index.js';
import { type Act, type ControlQueue, LATER, type Outcome } from './control-queue.js';
import type { EventBus } from './event-bus.js';
import { LearningRateFactors } from './learning-rate-factors.js';

/** What the owner of a loop does on a command, where the source cannot or should not do it. */
export interface CommandHandlers {
  /**
   * Write a checkpoint, and say where: that becomes a `save` event. Default: parameters, and what the source knows of the
   * optimizer's state, are kept in memory for the last two requests.
   */
  readonly save?: (request: ControlRequest) => string | Promise<string>;
  /** Put the last checkpoint back. Default: the one in memory. */
  readonly rollback?: (request: ControlRequest) => void | Promise<void>;
  /** Evaluate, and give the metrics: they become an `evaluate` event. */
  readonly evaluate?: (request: ControlRequest) => Metrics | Promise<Metrics>;
}

export const HANDLER_NAMES: OptionNames<CommandHandlers> = { save: true, rollback: true, evaluate: true };

/** What control can do to a loop that the source did not write. */
export interface SteeredLoop {
  /** The rate that the loop has set, NaN where there is none. */
  readonly learningRate: number;
  /** @throws Error that says why, where it cannot be set. */
  setLearningRate(learningRate: number): void;
  /** Have the loop stop by itself, where it can: all others ask `stopRequested`. */
  stop(): void;
  /** Keep the state of now in memory. @throws Error where there is nothing to keep. */
  keep(step: number): void;
  /** Put back what was kept before a step; gives its step. @throws Error where there is none. */
  putBack(beforeStep?: number): number;
}

type Rollback = Extract<ControlCommand, { readonly kind: 'rollback' }>;

/** Does what is asked of a loop that the source did not write: at once, but a rollback not in the middle of an update. */
export class LoopControl {
  readonly #bus: EventBus;
  readonly #loop: SteeredLoop;
  readonly #handlers: CommandHandlers;
  readonly #factors = new LearningRateFactors();
  #stoppedBy: ControlRequest | undefined;
  #updating = false;
  #skipNext = false;
  /** The update that is going on can be skipped no more. */
  #decided = false;

  constructor(bus: EventBus, loop: SteeredLoop, handlers: CommandHandlers = {}) {
    this.#bus = bus;
    this.#loop = loop;
    this.#handlers = handlers;
  }

  /** The request that asked the loop to stop, if there was one since it began. */
  get stoppedBy(): ControlRequest | undefined {
    return this.#stoppedBy;
  }

  /** The product of what all controls make of the rate. */
  get factor(): number {
    return this.#factors.product;
  }

  /** The rate of the update that is about to be made. */
  get learningRate(): number {
    return this.#loop.learningRate * this.factor;
  }

  /** A training begins: an earlier stop was for the one before. */
  begin(): void {
    this.#stoppedBy = undefined;
  }

  beginUpdate(): void {
    this.#updating = true;
  }

  /** The update is made, and whoever looks at it has: what waited for that is done now. */
  endUpdate(queue: ControlQueue): void {
    this.#updating = false;
    this.#decided = false;
    for (const { request, done, refuse } of queue.take('rollback')) {
      try {
        const outcome = this.#rollBack(request, request.command as Rollback);
        if (outcome instanceof Promise) outcome.then(done, refuse);
        else done(outcome);
      } catch (cause) {
        refuse(cause);
      }
    }
  }

  /** Whether the update that is about to be made should not be; asks once. */
  takeSkip(): boolean {
    const skip = this.#skipNext;
    this.#skipNext = false;
    this.#decided = true;
    return skip;
  }

  readonly act: Act = (request) => {
    const { command, source } = request;
    switch (command.kind) {
      case 'set-learning-rate':
        return this.#setLearningRate(command.learningRate);
      case 'scale-learning-rate':
        return this.#scaleLearningRate(source, command.factor);
      case 'stop':
        this.#stoppedBy = request;
        this.#loop.stop();
        return undefined;
      case 'skip-step':
        return this.#skip(command.step);
      case 'save':
        return this.#save(request);
      case 'rollback':
        return this.#updating ? LATER : this.#rollBack(request, command);
      case 'evaluate':
        return this.#evaluate(request);
    }
  };

  #skip(step = this.#bus.step + 1): undefined {
    if (this.#decided || step !== this.#bus.step + 1) {
      throw new Error(`the update of step ${step} is made already, or is not the next one`);
    }
    this.#skipNext = true;
  }

  #setLearningRate(learningRate: number): string {
    const before = this.#loop.learningRate;
    this.#loop.setLearningRate(learningRate);
    return `learning rate ${shortNumber(before)} → ${shortNumber(learningRate)}`;
  }

  #scaleLearningRate(source: string, factor: number): string {
    const before = this.learningRate;
    if (Number.isNaN(before)) this.#loop.setLearningRate(before); // says why it cannot be done
    this.#factors.set(source, factor);
    return `learning rate ${shortNumber(before)} → ${shortNumber(this.learningRate)}`;
  }

  #save(request: ControlRequest): Outcome | Promise<Outcome> {
    const { save } = this.#handlers;
    if (save) return this.#saveBy(save, request);
    const { step } = this.#bus;
    this.#loop.keep(step);
    return `kept in memory at step ${step}`;
  }

  async #saveBy(save: NonNullable<CommandHandlers['save']>, request: ControlRequest): Promise<string> {
    const path = await save(request);
    this.#bus.publish({ type: 'save', path });
    return path;
  }

  #rollBack(request: ControlRequest, { beforeStep, learningRate }: Rollback): string | Promise<string> {
    const before = this.#loop.learningRate;
    // First, since a rate that cannot be set refuses the whole request.
    const rate = learningRate === undefined ? '' : `, ${this.#setLearningRate(learningRate)}`;
    const undo = (cause: unknown): never => {
      if (rate) this.#loop.setLearningRate(before);
      throw cause;
    };
    const { rollback } = this.#handlers;
    try {
      if (rollback) return Promise.resolve(rollback(request)).then(() => `rolled back${rate}`, undo);
      return `back to the parameters of step ${this.#loop.putBack(beforeStep)}${rate}`;
    } catch (cause) {
      return undo(cause);
    }
  }

  async #evaluate(request: ControlRequest): Promise<Outcome> {
    const { evaluate } = this.#handlers;
    if (!evaluate) throw new Error('this loop has no way to evaluate; give handlers: { evaluate } to the source');
    this.#bus.publish({ type: 'evaluate', metrics: await evaluate(request) });
    return undefined;
  }
}
