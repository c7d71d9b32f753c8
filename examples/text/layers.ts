import * as tf from '@tensorflow/tfjs-core';

/** `x · Wᵀ + b`, with W as torch keeps it: [out, in]. */
export function dense(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor2D {
  return tf.add(tf.matMul(x, weight as tf.Tensor2D, false, true), bias);
}

/** `x · W + b`, with W as GPT-2 keeps it: [in, out]. Hugging Face's `Conv1D`. */
export function conv1D(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor2D {
  return tf.add(tf.matMul(x, weight as tf.Tensor2D), bias);
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

/** The mean cross entropy of softmaxed [rows, classes] logits. */
export function crossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  return tf.div(crossEntropySum(logits, labels), labels.length);
}

/** The cross entropy of softmaxed [rows, classes] logits, summed over the rows; those labelled below 0 do not count. */
export function crossEntropySum(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  const classes = logits.shape[1];
  // What does not count has to be some class.
  const targets = tf.oneHot(
    labels.map((label) => Math.max(0, label)),
    classes,
  );
  const counted = tf.tensor1d(Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)));
  const perRow = tf.sum(tf.mul(tf.logSoftmax(logits), targets), -1);
  return tf.neg(tf.sum(tf.mul(perRow, counted)));
}

/** [rows, size] → [size]. */
function columnSums(x: tf.Tensor): tf.Tensor {
  return tf.sum(x, 0);
}
