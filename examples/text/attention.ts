import * as tf from '@tensorflow/tfjs-core';
import type { Dropout } from './dropout.js';

/** The score of a position that attention must not see, as torch has it: float32's lowest number. */
const MASKED = -3.4028234663852886e38;

/** Texts side by side, [size, length] row by row: 1 for a token, 0 for padding. */
interface Padded {
  readonly size: number;
  readonly length: number;
  readonly attentionMask: Int32Array;
}

export interface AttentionOptions {
  readonly size: number;
  readonly length: number;
  readonly heads: number;
  /** Added to the scores. */
  readonly mask: tf.Tensor4D | undefined;
  readonly dropout: Dropout;
  /** How many of the weights of a sum are dropped. */
  readonly dropped: number;
}

/** Scaled dot-product attention of several heads: all of [size · length, hidden]. */
export function attention(
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
  { size, length, heads, mask, dropout, dropped }: AttentionOptions,
): tf.Tensor2D {
  const hidden = query.shape[1];
  const headSize = hidden / heads;
  const split = (x: tf.Tensor2D): tf.Tensor4D =>
    tf.transpose(tf.reshape(x, [size, length, heads, headSize]), [0, 2, 1, 3]);
  const scaled = tf.mul(split(query), 1 / Math.sqrt(headSize));
  const scores = tf.matMul(scaled, split(key), false, true) as tf.Tensor4D;
  const probabilities = tf.softmax(mask ? tf.add(scores, mask) : scores);
  const context = tf.matMul(dropout.drop(probabilities, dropped), split(value));
  return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [size * length, hidden]);
}

/** Hides padding, [size, 1, 1, length]; undefined where there is none. */
export function paddingMask({ attentionMask, size, length }: Padded): tf.Tensor4D | undefined {
  if (!hasPadding(attentionMask)) return undefined;
  return tf.tensor4d(
    Float32Array.from(attentionMask, (seen) => (seen === 1 ? 0 : MASKED)),
    [size, 1, 1, length],
  );
}

/** Hides padding and all that comes after a token, [size, 1, length, length]; of one size where nothing is padded. */
export function causalMask({ attentionMask, size, length }: Padded): tf.Tensor4D {
  const rows = hasPadding(attentionMask) ? size : 1;
  const mask = new Float32Array(rows * length * length).fill(MASKED);
  for (let row = 0; row < rows; row++) {
    for (let from = 0; from < length; from++) {
      for (let to = 0; to <= from; to++) {
        if (attentionMask[row * length + to] === 1) mask[(row * length + from) * length + to] = 0;
      }
    }
  }
  return tf.tensor4d(mask, [rows, 1, length, length]);
}

function hasPadding(attentionMask: Int32Array): boolean {
  return attentionMask.some((seen) => seen !== 1);
}
