import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { SteeredLoop } from '../run/index.js';
import { learningRateOf, setLearningRate } from './learning-rate.js';
import { MemoryCheckpoints } from './memory-checkpoint.js';

/** The loop around an optimizer, as control sees it. */
export class OptimizerLoop implements SteeredLoop {
  /** What the last update was of. */
  updated: readonly Variable[] = [];
  readonly #checkpoints = new MemoryCheckpoints();
  /** Updates that are going on. */
  #scaled = 0;
  #putBackRate = () => {};

  constructor(
    /** What the loop trains with. A model can be given another. */
    public optimizer: Optimizer,
    private readonly model: LayersModel | undefined,
  ) {}

  get learningRate(): number {
    return learningRateOf(this.optimizer);
  }

  setLearningRate(learningRate: number): void {
    setLearningRate(this.optimizer, learningRate);
  }

  /** Whether the model was told to stop, by control or by anybody else. */
  get stopped(): boolean {
    return this.model?.stopTraining ?? false;
  }

  stop(): void {
    if (this.model) this.model.stopTraining = true;
  }

  keep(step: number): void {
    const variables = this.#variables();
    if (variables.length === 0) throw new Error('no parameter has been updated yet, so there is nothing known to save');
    this.#checkpoints.take(step, variables, this.optimizer);
  }

  putBack(beforeStep?: number): number {
    return this.#checkpoints.restore(beforeStep);
  }

  /** Let go of the checkpoints in memory. */
  dispose(): void {
    this.#checkpoints.dispose();
  }

  /** Have the next update made at this multiple of the rate that the loop has set. Gives what puts that rate back. */
  scaleRate(factor: number): () => void {
    // Of updates that overlap, as async ones may, the first scales the rate and the last puts it back.
    if (this.#scaled > 0) return this.#unscaled();
    this.#putBackRate = () => {};
    if (factor === 1) return this.#unscaled();
    const { optimizer } = this;
    const set = learningRateOf(optimizer);
    const field = (optimizer as { learningRate?: unknown }).learningRate;
    setLearningRate(optimizer, set * factor);
    const scaled = learningRateOf(optimizer);
    this.#putBackRate = () => {
      const now = learningRateOf(optimizer);
      // An optimizer that has changed its own rate meanwhile means what it has made of it.
      setLearningRate(optimizer, now === scaled ? set : now / factor);
      if (now === scaled) (optimizer as { learningRate?: unknown }).learningRate = field;
    };
    return this.#unscaled();
  }

  #unscaled(): () => void {
    this.#scaled++;
    return () => {
      if (--this.#scaled === 0) this.#putBackRate();
    };
  }

  /** A model's weights, those that are not trained too; else what the optimizer updates. */
  #variables(): readonly Variable[] {
    // What a layer's variable reads is the variable that holds it.
    if (this.model) return this.model.weights.map((weight) => weight.read() as Variable);
    return this.updated;
  }
}
