import { argMax, cast, concat, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ClassifiedExamples } from '../events/index.js';
import { readLater } from './device/read.js';

/**
 * Of tensors of predictions and labels, the classes, for `confusionMatrix()` of `trainscope`: with one read of the device, of two
 * numbers an example. The tensors stay the caller's.
 *
 * @param tensors `predictions`: [examples, …, classes] of scores; with one score an example, as a sigmoid gives, the scores
 * are read. `labels`: the same shape, one-hot; or one class an example.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { confusionMatrix } from 'trainscope';
 * import { readClasses } from 'trainscope/tfjs';
 *
 * const predictions = tf.tensor2d([[0.9, 0.1], [0.2, 0.8]]); // of model.predict(x)
 * const labels = tf.tensor1d([0, 0], 'int32');
 * const matrix = confusionMatrix(await readClasses({ predictions, labels }));
 * console.log(matrix.counts); // [[1, 1], [0, 0]]
 * tf.dispose([predictions, labels]);
 * ```
 */
export async function readClasses(tensors: {
  readonly predictions: Tensor;
  readonly labels: Tensor;
}): Promise<ClassifiedExamples> {
  const { predictions, labels } = tensors;
  const count = predictions.size / widthOf(predictions);
  const packed = tidy(() =>
    concat([
      classesOf(predictions),
      // One a token in rows of tokens are classes, too.
      labels.size === count ? flat(labels) : classesOf(labels),
    ]),
  );
  const data = await readLater(packed);
  const isScore = widthOf(predictions) === 1 && predictions.dtype === 'float32' && predictions.rank > 1;
  const predicted = data.subarray(0, count);
  return {
    predictions: isScore ? { shape: [count, 1], data: predicted } : predicted,
    labels: data.subarray(count),
  };
}

function classesOf(tensor: Tensor): Tensor {
  return flat(widthOf(tensor) > 1 ? argMax(tensor, -1) : tensor);
}

/** float32, so that both can be in one tensor: exact for classes up to 2,048 where a device has float16 alone. */
function flat(tensor: Tensor): Tensor {
  return cast(reshape(tensor, [-1]), 'float32');
}

function widthOf({ shape, rank }: Tensor): number {
  return rank > 1 ? shape.at(-1)! : 1;
}
