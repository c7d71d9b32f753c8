import * as tf from '@tensorflow/tfjs-core';

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
