import { Tensor, tidy } from '@tensorflow/tfjs-core';
import { IGNORED_LABEL } from '../../events/index.js';
import { toTensor } from './to-tensor.js';
import type { Batch, BatchValues } from './trainable-model.js';

/** Labels of a batch that count: all but −100. Its examples, where it has no labels, or several by the outputs' names. */
export async function countItems(batch: Batch, examples: number): Promise<number> {
  const labels = labelsOf(batch);
  if (labels === undefined) return examples;
  // A tensor may be on a device. One that is made of an array here is not.
  const values = labels instanceof Tensor ? await labels.data() : tidy(() => toTensor(labels).dataSync());
  return values.filter((label) => label !== IGNORED_LABEL).length;
}

/** The labels of a batch, where they are of one output; several by name have no one array. */
export function labelsOf(batch: Batch): BatchValues | undefined {
  const labels = batch.labels ?? (batch as Batch & { readonly ys?: BatchValues }).ys;
  return labels instanceof Tensor || ArrayBuffer.isView(labels) || Array.isArray(labels) ? labels : undefined;
}
