import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BertForSequenceClassification } from '../../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../../examples/bert-sst2/bert-config.js';
import { collate, type TextBatch } from '../../../examples/text/batches.js';
import { Dropout } from '../../../examples/text/dropout.js';
import { BACKENDS, held, useBackend } from '../../helpers/backend.js';
import { referenceHiddenStates, referenceLogits, referenceLoss, type Weight, type Weights } from './reference-bert.js';
import { shakeWeights, TINY, TINY_BATCH, weightsOf } from './tiny.js';

const DROPPING = { ...TINY, hidden_dropout_prob: 0.3, attention_probs_dropout_prob: 0.3 };

describe.each(BACKENDS)('BERT on %s', (backend) => {
  let before: ReturnType<typeof held>;
  let model: BertForSequenceClassification;

  beforeEach(async () => {
    await useBackend(backend);
    before = held();
    model = new BertForSequenceClassification(TINY);
    shakeWeights(model);
  });
  afterEach(() => {
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('computes what a plain float64 BERT computes', () => {
    const weights = weightsOf(model);
    const hidden = numbers(model.hiddenStates(TINY_BATCH));
    const expected = referenceHiddenStates(TINY, weights, TINY_BATCH);
    for (let row = 0; row < TINY_BATCH.size; row++) {
      const seen = TINY_BATCH.attentionMask.subarray(row * TINY_BATCH.length, (row + 1) * TINY_BATCH.length);
      seen.forEach((isSeen, token) => {
        if (!isSeen) return;
        const start = (row * TINY_BATCH.length + token) * TINY.hidden_size;
        expectClose(hidden.subarray(start, start + TINY.hidden_size), expected[row]![token]!, 1e-5);
      });
    }
    expectClose(numbers(model.forward(TINY_BATCH)), referenceLogits(TINY, weights, TINY_BATCH).flat(), 1e-5);
    expect(numbers(model.loss(TINY_BATCH))[0]).toBeCloseTo(referenceLoss(TINY, weights, TINY_BATCH), 5);
  });

  it('has the gradients that the reference has by differences', () => {
    const weights = weightsOf(model);
    const { value, grads } = tf.variableGrads(() => model.loss(TINY_BATCH, { training: true, seed: 1 }));
    const parameters = model.parameters();
    expect(Object.keys(grads)).toEqual(expect.arrayContaining(parameters.map(({ variable }) => variable.name)));
    for (const { name, variable } of parameters) {
      const gradient = grads[variable.name]!.dataSync();
      expect(gradient.length, name).toBe(variable.size);
      const data = Float64Array.from(weights.get(name)!.data);
      const changed: Weights = new Map<string, Weight>([...weights, [name, { shape: variable.shape, data }]]);
      const loss = () => referenceLoss(TINY, changed, TINY_BATCH);
      for (let i = 0; i < data.length; i += 1 + Math.floor(data.length / 7)) {
        const kept = data[i]!;
        data[i] = kept + 1e-5;
        const up = loss();
        data[i] = kept - 1e-5;
        const down = loss();
        data[i] = kept;
        expect(Math.abs(gradient[i]! - (up - down) / 2e-5), `${name}[${i}]`).toBeLessThan(2e-6);
      }
    }
    tf.dispose([value, grads]);
  });

  it('gives a text the same logits alone as beside longer ones', () => {
    const alone = collate([{ inputIds: [2, 8, 3] }]);
    expectClose(numbers(model.forward(alone)), numbers(model.forward(TINY_BATCH)).subarray(3, 6), 1e-5);
  });

  it('drops the same values for the same seed, others for another, none outside training', () => {
    const dropping = new BertForSequenceClassification(DROPPING, 5);
    const logits = (options: object) => [...numbers(dropping.forward(TINY_BATCH, options))];
    expect(logits({ training: true, seed: 1 })).toEqual(logits({ training: true, seed: 1 }));
    expect(logits({ training: true, seed: 1 })).not.toEqual(logits({ training: true, seed: 2 }));
    expect(logits({ training: true })).not.toEqual(logits({ training: true }));
    expect(logits({ seed: 1 })).toEqual(logits({}));
    dropping.dispose();
  });

  it('drops the share it is told to, and keeps the mean', () => {
    const dropped = tf.tidy(() => numbers(new Dropout(3).drop(tf.ones([100, 100]), 0.3)));
    const zeros = dropped.filter((value) => value === 0).length;
    expect(zeros / dropped.length).toBeCloseTo(0.3, 1);
    expect(dropped.find((value) => value !== 0)).toBeCloseTo(1 / 0.7, 6);
  });

  it('trains the same twice, and leaks nothing', () => {
    const runs = [0, 1].map(() => {
      const fresh = new BertForSequenceClassification(DROPPING, 3);
      const optimizer = tf.train.adam(1e-2);
      const losses: number[] = [];
      for (let step = 0; step < 6; step++) {
        const cost = optimizer.minimize(() => fresh.loss(TINY_BATCH, { training: true, seed: step }), true);
        losses.push(numbers(cost!)[0]!);
      }
      fresh.dispose();
      optimizer.dispose();
      return losses;
    });
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]!.at(-1)).toBeLessThan(runs[0]![0]!);
  });

  it('refuses what it would read past the end of a table for', () => {
    const batch = (ids: number[], rest: Partial<TextBatch> = {}) => ({ ...collate([{ inputIds: ids }]), ...rest });
    expect(() => model.forward(batch([11]))).toThrow('inputIds: expected 0 to 10; got 11');
    expect(() => model.forward(batch([-1]))).toThrow('inputIds: expected 0 to 10; got -1');
    expect(() => model.forward(batch([1, 1, 1, 1, 1, 1, 1]))).toThrow('length: expected at most 6 tokens; got 7');
    expect(() => model.forward(batch([1], { tokenTypeIds: Int32Array.of(2) }))).toThrow(
      'tokenTypeIds: expected 0 to 1',
    );
    expect(() => model.loss(batch([1]))).toThrow('labels: expected a batch with labels; got none');
    expect(() => model.loss(batch([1], { labels: Int32Array.of(3) }))).toThrow('labels: expected 0 to 2; got 3');
  });
});

describe('BERT', () => {
  it('names its parameters as Hugging Face does, in the same order', async () => {
    await useBackend('cpu');
    const before = held();
    const config = bertConfig({ ...TINY, num_hidden_layers: 1, id2label: { 0: 'a', 1: 'b' } });
    const model = new BertForSequenceClassification(config);
    expect(model.parameters().map(({ name, variable }) => `${name} ${variable.shape}`)).toEqual([
      'bert.embeddings.word_embeddings.weight 11,8',
      'bert.embeddings.position_embeddings.weight 6,8',
      'bert.embeddings.token_type_embeddings.weight 2,8',
      'bert.embeddings.LayerNorm.weight 8',
      'bert.embeddings.LayerNorm.bias 8',
      'bert.encoder.layer.0.attention.self.query.weight 8,8',
      'bert.encoder.layer.0.attention.self.query.bias 8',
      'bert.encoder.layer.0.attention.self.key.weight 8,8',
      'bert.encoder.layer.0.attention.self.key.bias 8',
      'bert.encoder.layer.0.attention.self.value.weight 8,8',
      'bert.encoder.layer.0.attention.self.value.bias 8',
      'bert.encoder.layer.0.attention.output.dense.weight 8,8',
      'bert.encoder.layer.0.attention.output.dense.bias 8',
      'bert.encoder.layer.0.attention.output.LayerNorm.weight 8',
      'bert.encoder.layer.0.attention.output.LayerNorm.bias 8',
      'bert.encoder.layer.0.intermediate.dense.weight 12,8',
      'bert.encoder.layer.0.intermediate.dense.bias 12',
      'bert.encoder.layer.0.output.dense.weight 8,12',
      'bert.encoder.layer.0.output.dense.bias 8',
      'bert.encoder.layer.0.output.LayerNorm.weight 8',
      'bert.encoder.layer.0.output.LayerNorm.bias 8',
      'bert.pooler.dense.weight 8,8',
      'bert.pooler.dense.bias 8',
      'classifier.weight 2,8',
      'classifier.bias 2',
    ]);
    const second = new BertForSequenceClassification(config);
    expect(second.parameters().map(({ name }) => name)).toEqual(model.parameters().map(({ name }) => name));
    expect(model.parameters()[0]!.variable.name).toBe('bert.embeddings.word_embeddings.weight');
    expect(second.parameters()[0]!.variable.name).toBe('bert.embeddings.word_embeddings.weight_1');
    model.dispose();
    second.dispose();
    expect(held()).toEqual(before);
    const third = new BertForSequenceClassification(config);
    expect(third.parameters()[0]!.variable.name).toBe('bert.embeddings.word_embeddings.weight');
    third.dispose();
    expect(() => third.forward(TINY_BATCH)).toThrow('the model is disposed');
  });

  it('starts from the same values on every backend', async () => {
    const starts = [];
    for (const backend of BACKENDS) {
      await useBackend(backend);
      const model = new BertForSequenceClassification(TINY, 7);
      starts.push(weightsOf(model));
      model.dispose();
    }
    for (const start of starts) expect(start).toEqual(starts[0]);
    const words = starts[0]!.get('bert.embeddings.word_embeddings.weight')!.data;
    expect([...words.subarray(0, 8)]).toEqual(new Array(8).fill(0)); // the padding word
    expect([...words.subarray(8)].every((value) => value !== 0)).toBe(true);
  });

  it.each([
    [{ model_type: 'roberta' }, 'model_type: expected bert; got "roberta"'],
    [{ hidden_act: 'swish' }, 'hidden_act: expected gelu, gelu_new, relu; got "swish"'],
    [{ position_embedding_type: 'relative_key' }, 'position_embedding_type: expected absolute; got "relative_key"'],
    [
      { hidden_size: 10, num_attention_heads: 3 },
      'hidden_size: expected a multiple of num_attention_heads (3); got 10',
    ],
    [{ vocab_size: 0 }, 'vocab_size: expected a positive integer; got 0'],
    [{ hidden_dropout_prob: 1 }, 'hidden_dropout_prob: expected a number from 0 to below 1; got 1'],
    [{ id2label: {} }, 'id2label: expected at least one label; got {}'],
  ])('refuses %j', (fields, message) => {
    expect(() => bertConfig(fields)).toThrow(message);
  });
});

function numbers(tensor: tf.Tensor): Float32Array {
  const values = Float32Array.from(tensor.dataSync());
  tensor.dispose();
  return values;
}

function expectClose(actual: Float32Array, expected: readonly number[] | Float32Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance);
  });
}
