import { getBackend, type Optimizer, Tensor } from '@tensorflow/tfjs-core';

/** Every optimizer of tf.train keeps its rate in `learningRate`, some of them protected. */
interface WithLearningRate {
  learningRate?: unknown;
  /** The rate that SGD and Momentum go by: −rate, made by `setLearningRate` only. */
  c?: unknown;
  setLearningRate?: (learningRate: number) => void;
}

/**
 * The rate that an optimizer updates with, NaN where it has none that can be read. For SGD and Momentum that is not the
 * field `learningRate` when somebody has assigned it: TensorFlow.js goes on with the rate set before.
 */
export function learningRateOf(optimizer: Optimizer): number {
  const { learningRate } = optimizer as WithLearningRate;
  if (typeof learningRate !== 'number') return Number.NaN;
  const inForce = tensorRateOf(optimizer);
  // The tensor has it in float32: where they agree, the field has more digits.
  return inForce === undefined || Object.is(inForce, Math.fround(learningRate)) ? learningRate : inForce;
}

/** What `learningRate` says where the optimizer does not go by it; undefined where it does. */
export function ignoredLearningRateOf(optimizer: Optimizer): number | undefined {
  const { learningRate } = optimizer as WithLearningRate;
  return typeof learningRate === 'number' && learningRateOf(optimizer) !== learningRate ? learningRate : undefined;
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

/** Gives what puts an optimizer's rate back as it is now, an assigned one that it does not go by included. */
export function heldLearningRate(optimizer: Optimizer): () => void {
  const inForce = learningRateOf(optimizer);
  const { learningRate } = optimizer as WithLearningRate;
  return () => {
    setLearningRate(optimizer, inForce);
    (optimizer as WithLearningRate).learningRate = learningRate;
  };
}

/** A rate does not change within its tensor: each is read once, since that may be on a device. */
const read = new WeakMap<Tensor, number | undefined>();

function tensorRateOf(optimizer: Optimizer): number | undefined {
  const { c, setLearningRate } = optimizer as WithLearningRate;
  if (!setLearningRate || !(c instanceof Tensor) || c.isDisposed) return undefined;
  if (!read.has(c)) read.set(c, readRate(c));
  return read.get(c);
}

/** Undefined where it cannot be read: WebGPU's way to read without waiting does not work everywhere, and may lose the device. */
function readRate(c: Tensor): number | undefined {
  return getBackend() === 'webgpu' ? undefined : -c.dataSync()[0]!;
}
