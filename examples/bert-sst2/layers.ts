import * as tf from '@tensorflow/tfjs';
import { seededUint32 } from './random.js';

/** `x · Wᵀ + b`, with W as torch keeps it: [out, in]. */
export function dense(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor2D {
  return tf.add(tf.matMul(x, weight as tf.Tensor2D, false, true), bias);
}

/**
 * Layer normalisation over the last axis of [rows, size].
 *
 * The composed ops would keep nine tensors for the gradient and sum five times over them; this keeps two.
 */
export function layerNorm(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor2D {
  const normalise = tf.customGrad((...inputs) => {
    const [x, weight, bias, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const normal = tf.mul(centred, scale);
    save([normal, scale, weight]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [normal, scale, weight] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const g = tf.mul(dy, weight);
      const projected = tf.mul(normal, tf.mean(tf.mul(g, normal), -1, true));
      const dx = tf.mul(tf.sub(tf.sub(g, tf.mean(g, -1, true)), projected), scale);
      return [dx, columnSums(tf.mul(dy, normal)), columnSums(dy)];
    };
    return { value: tf.add(tf.mul(normal, weight), bias), gradFunc };
  });
  return normalise(x, weight, bias) as tf.Tensor2D;
}

/** `x · Φ(x)` with the exact normal distribution: Hugging Face's `gelu`. */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const activate = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const cdf = tf.add(tf.mul(tf.erf(tf.mul(x, Math.SQRT1_2)), 0.5), 0.5);
    save([x, cdf]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, cdf] = saved as [tf.Tensor, tf.Tensor];
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy, tf.add(cdf, tf.mul(x, density)));
    };
    return { value: tf.mul(x, cdf), gradFunc };
  });
  return activate(x) as tf.Tensor2D;
}

/** `½x · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`: Hugging Face's `gelu_new`, as GPT-2 has it. */
export function geluNew(x: tf.Tensor2D): tf.Tensor2D {
  const activate = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const square = tf.square(x);
    const tanh = tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(square, CUBIC), 1)), SCALE));
    save([x, tanh]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, tanh] = saved as [tf.Tensor, tf.Tensor];
      const inner = tf.mul(tf.add(tf.mul(tf.square(x), 3 * CUBIC), 1), SCALE);
      const slope = tf.mul(tf.mul(x, tf.sub(1, tf.square(tanh))), inner);
      return tf.mul(dy, tf.mul(tf.add(tf.add(tanh, 1), slope), 0.5));
    };
    return { value: tf.mul(tf.mul(x, tf.add(tanh, 1)), 0.5), gradFunc };
  });
  return activate(x) as tf.Tensor2D;
}

export function relu(x: tf.Tensor2D): tf.Tensor2D {
  return tf.relu(x);
}

const SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** Makes the masks of one forward pass; each call of `drop` has its own, named by its index. */
export class Dropout {
  #calls = 0;

  /** Without a seed, nothing is dropped. */
  constructor(private readonly seed: number | undefined) {}

  drop<T extends tf.Tensor>(x: T, probability: number): T {
    const call = this.#calls++;
    if (this.seed === undefined || probability === 0) return x;
    return tf.mul(x, tf.tensor(dropoutMask(x.size, probability, this.seed, call), x.shape)) as T;
  }
}

/** 0 where dropped, else what keeps the mean. */
function dropoutMask(size: number, probability: number, ...seed: readonly number[]): Float32Array {
  const next = seededUint32(...seed);
  const dropBelow = probability * 2 ** 32;
  const kept = 1 / (1 - probability);
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i++) mask[i] = next() < dropBelow ? 0 : kept;
  return mask;
}

/** The mean cross entropy of softmaxed [batch, labels] logits. */
export function crossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]);
  const perExample = tf.sum(tf.mul(tf.logSoftmax(logits), targets), -1);
  return tf.neg(tf.mean(perExample));
}

/** [rows, size] → [size]. */
function columnSums(x: tf.Tensor): tf.Tensor {
  return tf.sum(x, 0);
}
