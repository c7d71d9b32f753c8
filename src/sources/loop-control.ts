import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ControlCommand, ControlRequest, Metrics } from '../events/events.js';
import { LearningRateFactors, learningRateOf, setLearningRate } from './learning-rate.js';
import type { Publisher } from './publisher.js';

/** What a loop that one wrote oneself does on a command that `instrument()` cannot do for it. */
export interface CommandHandlers {
  /** Write a checkpoint, and say where: that becomes a `save` event. */
  readonly save?: (request: ControlRequest) => string | Promise<string>;
  /** Put the last checkpoint back. */
  readonly rollback?: (request: ControlRequest) => void | Promise<void>;
  /** Evaluate, and give the metrics: they become an `evaluate` event. */
  readonly evaluate?: (request: ControlRequest) => Metrics | Promise<Metrics>;
}

/** Does what is asked of a loop that `instrument()` observes. */
export class LoopControl {
  /** For a loop by hand to ask. `model.fit` is told by its model. */
  stopRequested = false;
  readonly #optimizer: Optimizer;
  readonly #model: LayersModel | undefined;
  readonly #publisher: Publisher;
  readonly #handlers: CommandHandlers;
  readonly #factors = new LearningRateFactors();
  #skipNext = false;

  constructor(
    optimizer: Optimizer,
    model: LayersModel | undefined,
    publisher: Publisher,
    handlers: CommandHandlers = {},
  ) {
    this.#optimizer = optimizer;
    this.#model = model;
    this.#publisher = publisher;
    this.#handlers = handlers;
  }

  /** Whether the update that is about to be made should not be; asks once. */
  takeSkip(): boolean {
    const skip = this.#skipNext;
    this.#skipNext = false;
    return skip;
  }

  /** The rate of the update that is about to be made. */
  get learningRate(): number {
    return learningRateOf(this.#optimizer) * this.#factors.product;
  }

  /** Make an update at the rate that control gives it, on top of what the loop has set. */
  atControlledRate(update: () => void): void {
    const { product } = this.#factors;
    if (product === 1) {
      update();
      return;
    }
    const set = learningRateOf(this.#optimizer);
    setLearningRate(this.#optimizer, set * product);
    try {
      update();
    } finally {
      setLearningRate(this.#optimizer, set);
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
        return this.#rollback(request, command.learningRate);
      case 'evaluate':
        return this.#evaluate(request);
    }
  };

  #setLearningRate(learningRate: number): string {
    if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
      throw new TypeError(`learningRate: expected a number of at least 0, got ${learningRate}`);
    }
    const before = learningRateOf(this.#optimizer);
    setLearningRate(this.#optimizer, learningRate);
    return `learning rate ${short(before)} → ${short(learningRate)}`;
  }

  #scaleLearningRate(source: string, factor: number): string {
    const before = this.learningRate;
    if (Number.isNaN(before)) setLearningRate(this.#optimizer, before); // says why it cannot be done
    this.#factors.set(source, factor);
    return `learning rate ${short(before)} → ${short(this.learningRate)}`;
  }

  #stop(): undefined {
    this.stopRequested = true;
    if (this.#model) this.#model.stopTraining = true;
  }

  async #save(request: ControlRequest): Promise<string> {
    const path = await this.#handler('save')(request);
    this.#publisher.publish({ type: 'save', path });
    return path;
  }

  async #rollback(request: ControlRequest, learningRate: number | undefined): Promise<string | undefined> {
    await this.#handler('rollback')(request);
    return learningRate === undefined ? undefined : this.#setLearningRate(learningRate);
  }

  async #evaluate(request: ControlRequest): Promise<undefined> {
    const metrics = await this.#handler('evaluate')(request);
    this.#publisher.publish({ type: 'evaluate', metrics });
  }

  #handler<K extends keyof CommandHandlers & ControlCommand['kind']>(kind: K): NonNullable<CommandHandlers[K]> {
    const handler = this.#handlers[kind];
    if (!handler) throw new Error(`this loop has no way to ${kind}; give instrument(…, { handlers: { ${kind} } })`);
    return handler;
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
