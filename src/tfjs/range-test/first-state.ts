import { engine, type Optimizer, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { HeldTensors, share } from '../held-tensors.js';
import { heldLearningRate } from '../learning-rate.js';
import { MemoryCheckpoint } from '../memory-checkpoint.js';
import { ownVariables, slotLists } from '../optimizer-slots.js';

/**
 * All that updates change, as it was at first: variables, the optimizer's state, its rate. By reference, so that it costs
 * no copy. Of the variables that there are, only those that change within `during` are put back: others may be somebody
 * else's.
 */
export class FirstState {
  readonly #checkpoint: MemoryCheckpoint;
  readonly #putBackRate: () => void;
  readonly #first = new Map<Variable, Tensor>();
  readonly #changed = new Set<Variable>();

  constructor(private readonly optimizer: Optimizer) {
    this.#putBackRate = heldLearningRate(optimizer);
    this.#checkpoint = new MemoryCheckpoint(0, [], optimizer);
    this.holdNew();
  }

  /** Hold the variables that have been made meanwhile, but for the optimizer's own. */
  holdNew(): void {
    const own = new Set([
      ...ownVariables(this.optimizer).map(([, variable]) => variable),
      ...slotLists(this.optimizer).flatMap(([, slots]) => slots.map(({ variable }) => variable)),
    ]);
    for (const variable of Object.values(engine().registeredVariables)) {
      if (!own.has(variable) && !this.#first.has(variable)) this.#first.set(variable, share(variable));
    }
  }

  /** Do something, at once, that may change variables. */
  during<T>(work: () => T): T {
    const before = [...this.#first.keys()].map((variable) => [variable, variable.dataId] as const);
    try {
      return work();
    } finally {
      for (const [variable, dataId] of before) if (variable.dataId !== dataId) this.#changed.add(variable);
    }
  }

  /** Do something, at once, with the variables as they were at first. What it makes of them is forgotten. */
  atFirst<T>(work: () => T): T {
    const variables = [...this.#first.keys()];
    const now = new HeldTensors(variables.map((variable) => ({ variable })));
    this.#putBackVariables();
    try {
      return work();
    } finally {
      for (const variable of variables) assign(variable, now.get(variable));
      now.dispose();
    }
  }

  /** Put everything back, and let go of it. */
  restore(): void {
    this.#putBackVariables();
    this.#checkpoint.restore();
    this.#putBackRate();
    this.#checkpoint.dispose();
    for (const value of this.#first.values()) value.dispose();
    this.#first.clear();
  }

  #putBackVariables(): void {
    for (const variable of this.#changed) assign(variable, this.#first.get(variable));
  }
}

function assign(variable: Variable, value: Tensor | undefined): void {
  if (value && !variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
}
