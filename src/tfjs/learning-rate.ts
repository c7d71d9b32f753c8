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
