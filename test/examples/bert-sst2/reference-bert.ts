// A tiny BERT in plain float64 loops, written from the paper and torch's documentation: what bert.ts is checked against.

import type { BertConfig } from '../../../examples/bert-sst2/bert-config.js';
import type { TextBatch } from '../../../examples/text/batches.js';

type Matrix = number[][];
export type Weight = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };
export type Weights = ReadonlyMap<string, Weight>;

/** [batch][token][hidden] of the last layer. */
export function referenceHiddenStates(config: BertConfig, weights: Weights, batch: TextBatch): number[][][] {
  return Array.from({ length: batch.size }, (_, row) => {
    const at = (values: Int32Array) => [...values.subarray(row * batch.length, (row + 1) * batch.length)];
    const seen = at(batch.attentionMask);
    const types = batch.tokenTypeIds ? at(batch.tokenTypeIds) : seen.map(() => 0);
    return hiddenStates(config, weights, at(batch.inputIds), seen, types);
  });
}

/** [batch][label]. */
export function referenceLogits(config: BertConfig, weights: Weights, batch: TextBatch): Matrix {
  return referenceHiddenStates(config, weights, batch).map(([first]) => {
    const pooled = linear(weights, 'bert.pooler.dense', [first!])[0]!.map(Math.tanh);
    return linear(weights, 'classifier', [pooled])[0]!;
  });
}

export function referenceLoss(config: BertConfig, weights: Weights, batch: TextBatch): number {
  const losses = referenceLogits(config, weights, batch).map((logits, row) => {
    const largest = Math.max(...logits);
    const logSum = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return logSum - logits[batch.labels![row]!]!;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function hiddenStates(config: BertConfig, weights: Weights, ids: number[], seen: number[], types: number[]): Matrix {
  const words = matrix(weights, 'bert.embeddings.word_embeddings.weight');
  const positions = matrix(weights, 'bert.embeddings.position_embeddings.weight');
  const typed = matrix(weights, 'bert.embeddings.token_type_embeddings.weight');
  const sums = ids.map((id, i) => words[id]!.map((word, j) => word + positions[i]![j]! + typed[types[i]!]![j]!));
  let hidden = layerNorm(weights, 'bert.embeddings.LayerNorm', sums, config.layer_norm_eps);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const name = `bert.encoder.layer.${layer}`;
    const context = attention(config, weights, `${name}.attention.self`, hidden, seen);
    const projected = add(linear(weights, `${name}.attention.output.dense`, context), hidden);
    const attended = layerNorm(weights, `${name}.attention.output.LayerNorm`, projected, config.layer_norm_eps);
    const wide = linear(weights, `${name}.intermediate.dense`, attended).map((row) => row.map(gelu));
    const output = add(linear(weights, `${name}.output.dense`, wide), attended);
    hidden = layerNorm(weights, `${name}.output.LayerNorm`, output, config.layer_norm_eps);
  }
  return hidden;
}

function attention(config: BertConfig, weights: Weights, name: string, hidden: Matrix, seen: number[]): Matrix {
  const [query, key, value] = ['query', 'key', 'value'].map((part) => linear(weights, `${name}.${part}`, hidden));
  const size = config.hidden_size / config.num_attention_heads;
  const context = hidden.map(() => new Array<number>(config.hidden_size).fill(0));
  for (let start = 0; start < config.hidden_size; start += size) {
    for (let i = 0; i < hidden.length; i++) {
      const scores = hidden.map((_, j) => {
        let score = 0;
        for (let k = start; k < start + size; k++) score += query![i]![k]! * key![j]![k]!;
        return seen[j] === 1 ? Math.exp(score / Math.sqrt(size)) : 0;
      });
      const total = scores.reduce((sum, score) => sum + score, 0);
      for (let j = 0; j < hidden.length; j++) {
        for (let k = start; k < start + size; k++) context[i]![k]! += (scores[j]! / total) * value![j]![k]!;
      }
    }
  }
  return context;
}

function linear(weights: Weights, name: string, x: Matrix): Matrix {
  const weight = matrix(weights, `${name}.weight`);
  const bias = weights.get(`${name}.bias`)!.data;
  return x.map((row) => weight.map((w, out) => row.reduce((sum, value, i) => sum + value * w[i]!, bias[out]!)));
}

function layerNorm(weights: Weights, name: string, x: Matrix, epsilon: number): Matrix {
  const weight = weights.get(`${name}.weight`)!.data;
  const bias = weights.get(`${name}.bias`)!.data;
  return x.map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * weight[i]! + bias[i]!);
  });
}

function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** The power series, exact to float64 for the small numbers of a tiny model. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function add(a: Matrix, b: Matrix): Matrix {
  return a.map((row, i) => row.map((value, j) => value + b[i]![j]!));
}

function matrix(weights: Weights, name: string): Matrix {
  const { shape, data } = weights.get(name)!;
  const [rows, columns] = shape as [number, number];
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => data[i * columns + j]!));
}
