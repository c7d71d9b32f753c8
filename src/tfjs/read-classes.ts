import { argMax, cast, concat, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ClassifiedExamples } from '../events/index.js';
import { readLater } from './device/read.js';

/**
 * Of tensors of predictions and labels, the classes, for {@link confusionMatrix}: with one read of the device, of two
 * numbers an example. The tensors stay the caller's.
 *
 * @param predictions [examples, …, classes] of scores; with one score an example, as a sigmoid gives, the scores are read.
 * @param labels The same shape, one-hot; or one class an example.
 *
 * @example
 * ```ts
 * import type * as tf from '@tensorflow/tfjs';
 * import { confusionMatrix } from 'trainscope';
 * import { readClasses } from 'trainscope/tfjs';
 *
 * const predictions = model.predict(x) as tf.Tensor;
 * const matrix = confusionMatrix(await readClasses({ predictions, labels: y }));
 * predictions.dispose();
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
