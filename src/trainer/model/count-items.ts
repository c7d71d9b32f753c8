import { Tensor, tidy } from '@tensorflow/tfjs-core';
import { IGNORED_LABEL } from '../../events/index.js';
import { toTensor } from './to-tensor.js';
import type { Batch, BatchValues } from './trainable-model.js';

/** Labels of a batch that count: all but −100. Its examples, where it has no labels, or several by the outputs' names. */
export function countItems(batch: Batch, examples: number): number {
  const labels = labelsOf(batch);
  if (labels === undefined) return examples;
  return tidy(
    () =>
      toTensor(labels)
        .dataSync()
        .filter((label) => label !== IGNORED_LABEL).length,
  );
}

/** The labels of a batch, where they are of one output; several by name have no one array. */
export function labelsOf(batch: Batch): BatchValues | undefined {
  const labels = batch.labels ?? (batch as Batch & { readonly ys?: BatchValues }).ys;
  return labels instanceof Tensor || ArrayBuffer.isView(labels) || Array.isArray(labels) ? labels : undefined;
}
