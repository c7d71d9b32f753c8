import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ControlRequest, Metrics } from '../events/events.js';
import { shortNumber } from '../events/short-number.js';
import type { EventBus } from '../run/event-bus.js';
import { LearningRateFactors } from '../run/learning-rate-factors.js';
import { learningRateOf, setLearningRate } from './learning-rate.js';
import { MemoryCheckpoints } from './memory-checkpoint.js';

/** What the owner of a loop does on a command, where `instrument()` cannot or should not do it. */
export interface CommandHandlers {
  /**
   * Write a checkpoint, and say where: that becomes a `save` event. Default: parameters and the optimizer's state are kept
   * in memory, by reference, for the last two requests.
   */
  readonly save?: (request: ControlRequest) => string | Promise<string>;
  /** Put the last checkpoint back. Default: the one in memory. */
  readonly rollback?: (request: ControlRequest) => void | Promise<void>;
  /** Evaluate, and give the metrics: they become an `evaluate` event. */
  readonly evaluate?: (request: ControlRequest) => Metrics | Promise<Metrics>;
}

type Rollback = Extract<ControlRequest['command'], { readonly kind: 'rollback' }>;

/** Does what is asked of a loop that `instrument()` observes. */
export class LoopControl {
  /** For a loop by hand to ask. `model.fit` is told by its model. */
  stopRequested = false;
  /** What the loop trains with. A model can be given another. */
  optimizer: Optimizer;
  readonly #model: LayersModel | undefined;
  readonly #bus: EventBus;
  readonly #handlers: CommandHandlers;
  readonly #factors = new LearningRateFactors();
  readonly #checkpoints = new MemoryCheckpoints();
  readonly #waiting: (() => void)[] = [];
  #updated: readonly Variable[] = [];
  #updating = false;
  #skipNext = false;

  constructor(optimizer: Optimizer, model: LayersModel | undefined, bus: EventBus, handlers: CommandHandlers = {}) {
    this.optimizer = optimizer;
    this.#model = model;
    this.#bus = bus;
    this.#handlers = handlers;
  }

  /** An update of these begins: its gradients are ready. */
  beginUpdate(updated: readonly Variable[]): void {
    this.#updated = updated;
    this.#updating = true;
  }

  /** The update is made, and whoever looks at it has. */
  endUpdate(): void {
    this.#updating = false;
    for (const act of this.#waiting.splice(0)) act();
  }

  /** Let go of the checkpoints in memory. */
  dispose(): void {
    this.#checkpoints.dispose();
  }

  /** Whether the update that is about to be made should not be; asks once. */
  takeSkip(): boolean {
    const skip = this.#skipNext;
    this.#skipNext = false;
    return skip;
  }

  /** The rate of the update that is about to be made. */
  get learningRate(): number {
    return learningRateOf(this.optimizer) * this.#factors.product;
  }

  /** Make an update at the rate that control gives it, on top of what the loop has set. */
  atControlledRate(update: () => void): void {
    const { product } = this.#factors;
    if (product === 1) {
      update();
      return;
    }
    const set = learningRateOf(this.optimizer);
    setLearningRate(this.optimizer, set * product);
    try {
      update();
    } finally {
      setLearningRate(this.optimizer, set);
    }
  }

  /** Do what is asked. @throws Error, or rejects, where it cannot be done. */
  readonly act = (request: ControlRequest): string | undefined | Promise<string | undefined> => {
    const { command, source } = request;
    switch (command.kind) {
      case 'set-learning-rate':
        return this.#setLearningRate(command.learningRate);
      case 'scale-learning-rate':
        return this.#scaleLearningRate(source, command.factor);
      case 'stop':
        return this.#stop();
      case 'skip-step':
        this.#skipNext = true;
        return undefined;
      case 'save':
        return this.#save(request);
      case 'rollback':
        return this.#rollback(request, command);
      case 'evaluate':
        return this.#evaluate(request);
    }
  };

  #setLearningRate(learningRate: number): string {
    if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
      throw new TypeError(`learningRate: expected a number of at least 0, got ${learningRate}`);
    }
    const before = learningRateOf(this.optimizer);
    setLearningRate(this.optimizer, learningRate);
    return `learning rate ${shortNumber(before)} → ${shortNumber(learningRate)}`;
  }

  #scaleLearningRate(source: string, factor: number): string {
    const before = this.learningRate;
    if (Number.isNaN(before)) setLearningRate(this.optimizer, before); // says why it cannot be done
    this.#factors.set(source, factor);
    return `learning rate ${shortNumber(before)} → ${shortNumber(this.learningRate)}`;
  }

  #stop(): undefined {
    this.stopRequested = true;
    if (this.#model) this.#model.stopTraining = true;
  }

  #save(request: ControlRequest): string | Promise<string> {
    const { save } = this.#handlers;
    if (save) return this.#saveBy(save, request);
    const variables = this.#variables();
    if (variables.length === 0) throw new Error('no parameter has been updated yet, so there is nothing known to save');
    const { step } = this.#bus;
    this.#checkpoints.take(step, variables, this.optimizer);
    return `kept in memory at step ${step}`;
  }

  async #saveBy(save: NonNullable<CommandHandlers['save']>, request: ControlRequest): Promise<string> {
    const path = await save(request);
    this.#bus.publish({ type: 'save', path });
    return path;
  }

  /** Not in the middle of an update, which would write over it. */
  #rollback(request: ControlRequest, command: Rollback): string | Promise<string> {
    return this.#updating
      ? this.#afterUpdate(() => this.#rollBack(request, command))
      : this.#rollBack(request, command);
  }

  #rollBack(request: ControlRequest, { beforeStep, learningRate }: Rollback): string | Promise<string> {
    const done = (what: string) =>
      learningRate === undefined ? what : `${what}, ${this.#setLearningRate(learningRate)}`;
    const { rollback } = this.#handlers;
    if (rollback) return Promise.resolve(rollback(request)).then(() => done('rolled back'));
    return done(`back to the parameters of step ${this.#checkpoints.restore(beforeStep)}`);
  }

  #afterUpdate<T>(act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(act());
        } catch (cause) {
          reject(cause);
        }
      });
    });
  }

  async #evaluate(request: ControlRequest): Promise<undefined> {
    const { evaluate } = this.#handlers;
    if (!evaluate) throw new Error('this loop has no way to evaluate; give instrument(…, { handlers: { evaluate } })');
    const metrics = await evaluate(request);
    this.#bus.publish({ type: 'evaluate', metrics });
  }

  /** A model's weights, those that are not trained too; else what the optimizer updates. */
  #variables(): readonly Variable[] {
    // What a layer's variable reads is the variable that holds it.
    if (this.#model) return this.#model.weights.map((weight) => weight.read() as Variable);
    return this.#updated;
  }
}
