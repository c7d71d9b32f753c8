import * as tf from '@tensorflow/tfjs-core';
import { type Batch, IGNORED_LABEL, type LossContext, type ModelOutput } from 'trainscope/trainer';
import { crossEntropySum } from '../text/layers.js';
import type { CausalBatch } from './causal-batch.js';

/**
 * The loss of a causal language model, as transformers has it: the logits at a token are of the next one, and the sum
 * over all tokens is divided by their number in the whole update. So a token counts as much in a short micro-batch as
 * in a long one, however many micro-batches are accumulated. A `computeLoss` for the Trainer.
 */
export function causalLoss({ logits }: ModelOutput, batch: Batch, { numItemsInBatch }: LossContext): tf.Scalar {
  const classes = logits.shape.at(-1)!;
  const rows = tf.reshape(logits, [-1, classes]) as tf.Tensor2D;
  return tf.div(crossEntropySum(rows, nextLabels(batch as CausalBatch)), numItemsInBatch) as tf.Scalar;
}

/** At every token, the label of the one after it; −100 after the last. */
export function nextLabels({ labels, length }: Pick<CausalBatch, 'labels' | 'length'>): Int32Array {
  if (!labels) throw new TypeError('labels: expected a batch with labels; got none');
  return labels.map((_, i) => ((i + 1) % length === 0 ? IGNORED_LABEL : labels[i + 1]!));
}
