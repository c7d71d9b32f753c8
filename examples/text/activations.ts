import * as tf from '@tensorflow/tfjs-core';

/** The activations between two layers that there are here, by their Hugging Face names. */
export const ACTIVATIONS = { gelu, gelu_new: geluNew, relu } as const;
export type ActivationName = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly ActivationName[];

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
