import type { BertForSequenceClassification } from '../../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../../examples/bert-sst2/bert-config.js';
import { collate, type TextBatch } from '../../../examples/text/batches.js';
import { seededNormal } from '../../../examples/text/random.js';

/** Small enough for plain loops; the weights are large, so that every part of the model matters. */
export const TINY = bertConfig({
  vocab_size: 11,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 6,
  initializer_range: 0.5,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  id2label: { 0: 'bad', 1: 'fair', 2: 'good' },
});

/** Texts of unlike length, one of them a pair. */
export const TINY_BATCH: TextBatch = collate([
  { inputIds: [2, 5, 7, 3, 9], tokenTypeIds: [0, 0, 0, 1, 1], label: 1 },
  { inputIds: [2, 8, 3], label: 0 },
  { inputIds: [2, 10, 4, 3], label: 2 },
]);

/** No zero bias and no unit scale: a mistake in either would not show. */
export function shakeWeights(model: BertForSequenceClassification): void {
  const values = model.parameters().map(({ name, variable }, i) => {
    const noise = seededNormal(variable.size, 0.2, 99, i);
    const data = Float32Array.from(variable.dataSync(), (value, j) => value + noise[j]!);
    return [name, { shape: variable.shape, data }] as const;
  });
  model.load(new Map(values));
}

/** The weights as numbers. */
export function weightsOf(model: BertForSequenceClassification): Map<string, { shape: number[]; data: Float32Array }> {
  return new Map(
    model.parameters().map(({ name, variable }) => {
      const data = Float32Array.from(variable.dataSync() as Float32Array);
      return [name, { shape: variable.shape, data }];
    }),
  );
}
