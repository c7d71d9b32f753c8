import { IGNORED_LABEL, largestOf } from '../../events/index.js';
import type { NumericArray } from './numeric-array.js';

/**
 * The share of rows whose largest prediction is at the label. Labels are indices, or one-hot rows; those of −100 do not
 * count.
 *
 * @param predictions [rows, …, labels]
 * @throws RangeError for shapes that do not fit.
 *
 * @example
 * ```ts
 * import { accuracy } from 'trainscope/trainer';
 *
 * const predictions = { shape: [2, 2], data: Float32Array.of(0.1, 0.9, 2, -1) };
 * console.log(accuracy(predictions, { shape: [2], data: Int32Array.of(1, 1) })); // 0.5
 * ```
 */
export function accuracy(predictions: NumericArray, labels: NumericArray): number {
  const classes = predictions.shape.at(-1) ?? 1;
  const rows = predictions.data.length / Math.max(1, classes);
  const oneHot = classes > 1 && labels.data.length === predictions.data.length;
  if (!oneHot && labels.data.length !== rows) {
    throw new RangeError(
      `labels: expected one a row of the predictions [${predictions.shape}], got shape [${labels.shape}]`,
    );
  }
  let counted = 0;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const label = oneHot ? largestOf(labels.data, row * classes, classes) : labels.data[row]!;
    if (label === IGNORED_LABEL) continue;
    counted++;
    if (largestOf(predictions.data, row * classes, classes) === label) right++;
  }
  return right / counted;
}
