import {
  abs,
  add,
  cast,
  clipByValue,
  div,
  exp,
  log1p,
  logSoftmax,
  maximum,
  mean,
  mul,
  neg,
  notEqual,
  oneHot,
  reshape,
  type Scalar,
  squaredDifference,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { checkOptions, IGNORED_LABEL } from '../../events/index.js';
import { onDevice } from '../../tfjs/index.js';

/** Options of {@link lossOfLogits}: how sharp the targets are. */
export interface LossOptions {
  /** Share of the target that is spread over all labels. Default: 0. */
  readonly labelSmoothingFactor?: number;
}

/**
 * The mean loss of logits, by their shapes as Hugging Face's models choose it: cross entropy where there is one label a
 * row, squared error where the logits are one number a row, binary cross entropy where each label has its own target.
 *
 * Rows labelled −100 do not count. Smoothed cross entropy is that of transformers' LabelSmoother.
 *
 * @throws RangeError for labels that fit none, and for smoothing of labels that are no classes; on WebGL and WebGPU not for classes that there are not.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { lossOfLogits } from 'trainscope/trainer';
 *
 * const loss = tf.tidy(() => lossOfLogits(tf.tensor2d([[0, 0], [0, 0]]), tf.tensor1d([1, 0], 'int32')));
 * loss.print(); // 0.693…: the logarithm of 2
 * ```
 */
export function lossOfLogits(logits: Tensor, labels: Tensor, options: LossOptions = {}): Scalar {
  const { labelSmoothingFactor = 0 } = checkOptions('lossOfLogits', options, { labelSmoothingFactor: true });
  const classes = logits.shape.at(-1) ?? 1;
  const rows = logits.size / Math.max(1, classes);
  if (classes > 1 && labels.size === rows) return crossEntropy(logits, labels, labelSmoothingFactor);
  if (labels.size === logits.size) {
    checkNoSmoothing(
      labelSmoothingFactor,
      classes === 1 ? 'one number a row, a regression' : 'a target for each logit',
    );
    const targets = cast(reshape(labels, logits.shape), 'float32');
    return classes === 1
      ? (mean(squaredDifference(logits, targets)) as Scalar)
      : (mean(binaryCrossEntropy(logits, targets)) as Scalar);
  }
  throw new RangeError(
    `labels: expected one a row of the logits [${logits.shape}], or one a logit, got shape [${labels.shape}]`,
  );
}

/** Of a number, or of independent targets, there is nothing to spread: a smoothing that is asked for must not be lost. */
function checkNoSmoothing(factor: number, labels: string): void {
  if (factor === 0) return;
  throw new RangeError(
    `labelSmoothingFactor: expected 0 with labels that are ${labels}, got ${factor}; it is for one class a row`,
  );
}

function crossEntropy(logits: Tensor, labels: Tensor, smoothing: number): Scalar {
  const classes = logits.shape.at(-1)!;
  const indices = reshape(cast(labels, 'int32'), [-1]);
  checkClasses(indices, classes);
  const counted = cast(notEqual(indices, IGNORED_LABEL), 'float32');
  const logProbabilities = logSoftmax(reshape(logits, [-1, classes]));
  // A label of −100 becomes class 0, and does not count.
  const targets = oneHot(reshape(clipByValue(indices, 0, classes - 1), [-1]), classes);
  const right = sum(mul(logProbabilities, targets), -1);
  const perRow = smoothing === 0 ? right : add(mul(right, 1 - smoothing), mul(mean(logProbabilities, -1), smoothing));
  return neg(div(sum(mul(perRow, counted)), sum(counted))) as Scalar;
}

/** A class that there is not would train another in its place, without a word. On a device the look would stall it. */
function checkClasses(indices: Tensor, classes: number): void {
  if (onDevice()) return;
  const wrong = indices.dataSync().find((label) => label !== IGNORED_LABEL && !(label >= 0 && label < classes));
  if (wrong === undefined) return;
  throw new RangeError(
    `labels: expected classes 0 to ${classes - 1}, as the logits have ${classes}, or ${IGNORED_LABEL} for none; got ${wrong}`,
  );
}

/** max(x, 0) − x·y + log(1 + e^−|x|): stable for any x. */
function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return add(sub(maximum(logits, 0), mul(logits, targets)), log1p(exp(neg(abs(logits)))));
}
