import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { causalBatch } from '../../../examples/gpt2/causal-batch.js';
import { causalLoss, nextLabels } from '../../../examples/gpt2/causal-loss.js';
import { generate } from '../../../examples/gpt2/generate.js';
import { Gpt2LMHeadModel } from '../../../examples/gpt2/gpt2.js';
import { gpt2Config } from '../../../examples/gpt2/gpt2-config.js';
import { loadModel } from '../../../examples/gpt2/load-model.js';
import { BACKENDS, held, useBackend } from '../../helpers/backend.js';
import reference from '../../reference/fixtures/causal.json' with { type: 'json' };

const FOLDER = fileURLToPath(new URL('../../reference/fixtures/tiny-gpt2', import.meta.url));
const [LONG, SHORT] = [reference.data[0]!.input_ids, reference.data[1]!.input_ids];

describe.each(BACKENDS)('GPT-2 on %s', (backend) => {
  let before: ReturnType<typeof held>;
  let model: Gpt2LMHeadModel;

  beforeEach(async () => {
    await useBackend(backend);
    before = held();
    ({ model } = await loadModel(FOLDER));
  });
  afterEach(() => {
    model.dispose();
    expect(held()).toEqual(before);
  });

  const logitsOf = (batch: Parameters<Gpt2LMHeadModel['forward']>[0], options = {}) =>
    tf.tidy(() => tf.unstack(model.forward(batch, options)).map((row) => [...row.dataSync()]));
  const rows = (logits: number[], from: number, to: number) => logits.slice(from * 96, to * 96);

  it('continues a text as transformers does', async () => {
    const prompt = reference.continued.slice(0, 4);
    const greedy = { temperature: 0, maxNewTokens: reference.continued.length - 4 };
    expect(await generate(model, prompt, greedy)).toEqual(reference.continued);
    // The longest text that the model has positions for is the end.
    expect((await generate(model, prompt, { temperature: 0 })).length).toBe(model.config.n_positions);
  });

  it('draws the same text for the same seed, and only from the likeliest', async () => {
    const draw = (options: object) => generate(model, LONG.slice(0, 3), { maxNewTokens: 8, ...options });
    const drawn = await draw({ seed: 1, temperature: 2 });
    expect(await draw({ seed: 1, temperature: 2 })).toEqual(drawn);
    expect(await draw({ seed: 2, temperature: 2 })).not.toEqual(drawn);
    expect(await draw({ seed: 2, topK: 1 })).toEqual(await draw({ temperature: 0 }));
  });

  it('sees nothing that comes after a token', () => {
    const changed = LONG.map((id, i) => (i === 9 ? (id + 1) % 96 : id));
    const [first, other] = [LONG, changed].map((inputIds) => logitsOf(causalBatch([{ inputIds }]))[0]!);
    expectClose(rows(first!, 0, 9), rows(other!, 0, 9));
    expect(rows(first!, 9, 10)).not.toEqual(rows(other!, 9, 10));
  });

  it('gives a text the same logits alone as padded on either side', () => {
    const alone = logitsOf(causalBatch([{ inputIds: SHORT }]))[0]!;
    const beside = logitsOf(causalBatch([{ inputIds: LONG }, { inputIds: SHORT }]))[1]!;
    expectClose(rows(beside, 0, SHORT.length), alone);

    const pads = 3;
    const length = pads + SHORT.length;
    const left = logitsOf({
      size: 1,
      length,
      inputIds: Int32Array.from([...Array(pads).fill(0), ...SHORT]),
      attentionMask: Int32Array.from({ length }, (_, i) => (i < pads ? 0 : 1)),
      positionIds: Int32Array.from({ length }, (_, i) => Math.max(0, i - pads)),
    })[0]!;
    expectClose(rows(left, pads, length), alone);
  });

  it('drops the same values for the same seed, and none outside training', () => {
    const dropping = new Gpt2LMHeadModel(gpt2Config({ ...model.config, attn_pdrop: 0.3, resid_pdrop: 0.3 }));
    const batch = causalBatch([{ inputIds: SHORT }]);
    const logits = (options: object) => tf.tidy(() => [...dropping.forward(batch, options).dataSync()]);
    expect(logits({ training: true, seed: 1 })).toEqual(logits({ training: true, seed: 1 }));
    expect(logits({ training: true, seed: 1 })).not.toEqual(logits({ training: true, seed: 2 }));
    expect(logits({ seed: 1 })).toEqual(logits({}));
    dropping.dispose();
  });

  it('has every parameter in its gradients, and a loss per token of all that is accumulated', () => {
    const batches = [causalBatch([{ inputIds: LONG }]), causalBatch([{ inputIds: SHORT, promptLength: 4 }])];
    const labels = batches.map((batch) => nextLabels(batch).filter((label) => label >= 0).length);
    expect(labels).toEqual([LONG.length - 1, SHORT.length - 4]);
    const total = labels[0]! + labels[1]!;
    const lossOf = (batch: (typeof batches)[number], numItemsInBatch: number) =>
      causalLoss({ logits: model.forward(batch) }, batch, { training: true, numItemsInBatch });
    const { value, grads } = tf.variableGrads(() => lossOf(batches[0]!, total));
    expect(Object.keys(grads).sort()).toEqual(
      model
        .parameters()
        .map(({ variable }) => variable.name)
        .sort(),
    );
    const sums = tf.tidy(() => batches.map((batch) => lossOf(batch, 1).dataSync()[0]!));
    const twin = batches.map((batch) => negativeLogLikelihood(logitsOf(batch)[0]!, nextLabels(batch)));
    sums.forEach((sum, i) => {
      expect(Math.abs(sum / twin[i]! - 1)).toBeLessThan(1e-5);
    });
    expect(value.dataSync()[0]! * total).toBeCloseTo(sums[0]!, 3);
    tf.dispose([value, grads]);
  });

  it('refuses what it would read past the end of a table for', () => {
    const forward = (ids: number[], rest = {}) => model.forward({ ...causalBatch([{ inputIds: ids }]), ...rest });
    expect(() => forward([96])).toThrow('inputIds: expected 0 to 95; got 96');
    expect(() => forward(Array(21).fill(1))).toThrow('length: expected at most 20 tokens; got 21');
    expect(() => forward([1], { positionIds: Int32Array.of(20) })).toThrow('positionIds: expected 0 to 19; got 20');
    expect(() => nextLabels({ length: 1 })).toThrow('labels: expected a batch with labels; got none');
  });
});

it.each([
  [{ model_type: 'bert' }, 'model_type: expected gpt2; got "bert"'],
  [{ activation_function: 'swish' }, 'activation_function: expected gelu, gelu_new, relu; got "swish"'],
  [{ n_embd: 10, n_head: 4 }, 'n_embd: expected a multiple of n_head (4); got 10'],
  [{ scale_attn_weights: false }, 'scale_attn_weights: expected true; got false'],
  [{ add_cross_attention: true }, 'add_cross_attention: expected false; got true'],
  [{ n_layer: 0 }, 'n_layer: expected a positive integer; got 0'],
  [{ attn_pdrop: 1 }, 'attn_pdrop: expected a number from 0 to below 1; got 1'],
])('refuses the configuration %j', (fields, message) => {
  expect(() => gpt2Config(fields)).toThrow(message);
});

/** In float64. */
function negativeLogLikelihood(logits: readonly number[], labels: Int32Array): number {
  let sum = 0;
  labels.forEach((label, row) => {
    if (label < 0) return;
    const scores = logits.slice(row * 96, (row + 1) * 96);
    sum += Math.log(scores.reduce((total, score) => total + Math.exp(score), 0)) - scores[label]!;
  });
  return sum;
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
  });
}
