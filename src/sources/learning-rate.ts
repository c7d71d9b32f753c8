import type { Optimizer } from '@tensorflow/tfjs-core';

/** Every optimizer of tf.train keeps its rate in this field, some of them protected. SGD's copy of it is a tensor. */
interface WithLearningRate {
  learningRate?: unknown;
  setLearningRate?: (learningRate: number) => void;
}

/** The rate of an optimizer, NaN where it has none that can be read. */
export function learningRateOf(optimizer: Optimizer): number {
  const { learningRate } = optimizer as WithLearningRate;
  return typeof learningRate === 'number' ? learningRate : Number.NaN;
}

/**
 * Give an optimizer another rate, from its next update on. It works for every optimizer of tf.train: SGD and Momentum by
 * their setter, the others read the field at each update. Two of them keep something of the old rate: RMSProp with
 * momentum has it in its accumulated updates, and Adamax divides the rate by its own decay.
 *
 * @throws TypeError for an optimizer whose rate cannot be set.
 */
export function setLearningRate(optimizer: Optimizer, learningRate: number): void {
  const settable = optimizer as WithLearningRate;
  if (typeof settable.learningRate !== 'number') {
    throw new TypeError(
      `optimizer: expected one with a numeric learningRate, got ${optimizer.constructor.name} without; its rate cannot be set`,
    );
  }
  if (settable.setLearningRate) settable.setLearningRate(learningRate);
  else settable.learningRate = learningRate;
}

/** The source of what those had set who do not remember it. */
const FORGOTTEN = 'before the run was resumed';

/** The factors by which those who steer a run change its rate: one each, and their product applies. */
export class LearningRateFactors {
  readonly #factors = new Map<string, number>();

  /** The product of all factors. */
  get product(): number {
    let product = 1;
    for (const factor of this.#factors.values()) product *= factor;
    return product;
  }

  /**
   * Replace the factor of one source.
   *
   * @throws TypeError when it is not a positive number.
   */
  set(source: string, factor: number): void {
    if (!(Number.isFinite(factor) && factor > 0)) {
      throw new TypeError(`factor: expected a positive number, got ${factor} from ${source}`);
    }
    this.#factors.set(source, factor);
  }

  /** The factor of one source; 1 where it has set none. */
  of(source: string): number {
    return this.#factors.get(source) ?? 1;
  }

  /** What is to be saved: the factor of every source. */
  save(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#factors);
  }

  /**
   * Go on from what was saved. Those who have forgotten what they had set will begin at 1 again: what they had set stays
   * beneath that, as a factor of nobody's.
   */
  resume(saved: Readonly<Record<string, number>>, remembering: ReadonlySet<string>): void {
    this.#factors.clear();
    let forgotten = 1;
    for (const [source, factor] of Object.entries(saved)) {
      if (remembering.has(source)) this.set(source, factor);
      else forgotten *= factor;
    }
    if (forgotten !== 1) this.set(FORGOTTEN, forgotten);
  }
}
