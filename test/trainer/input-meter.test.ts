import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../examples/bert-sst2/load-model.js';
import { collate, type TextExample } from '../../examples/text/batches.js';
import { ofType, type Throughput, throughput } from '../../src/index.js';
import type { TokenCounting } from '../../src/trainer/arguments/training-arguments.js';
import { InputMeter } from '../../src/trainer/data/input-meter.js';
import { type Batch, Trainer, type TrainingArguments } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import transformers from '../reference/fixtures/tokens.json' with { type: 'json' };
import training from '../reference/fixtures/training.json' with { type: 'json' };
import { newFolder, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

const MODEL = fileURLToPath(new URL('../reference/fixtures/tiny-bert', import.meta.url));

const inOrder: AsyncIterable<TextExample> = {
  async *[Symbol.asyncIterator]() {
    yield* training.data.map(({ input_ids, label }) => ({ inputIds: input_ids, label }));
  },
};

async function bertTrainer(args: TrainingArguments) {
  const { model } = await loadModel(MODEL);
  const trainer = new Trainer({
    model,
    trainDataset: inOrder,
    dataCollator: collate,
    args: {
      ...{ maxSteps: transformers.steps, loggingSteps: 1, saveStrategy: 'no', disableTqdm: true },
      ...{ perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 2 },
      ...args,
    },
  });
  return { trainer, model };
}

describe('what a training counts', () => {
  it.each(transformers.cases)("is what transformers' Trainer counts: $argument", async (expected) => {
    const before = held();
    const { trainer, model } = await bertTrainer({
      includeNumInputTokensSeen: expected.argument as TokenCounting | boolean,
    });
    const { metrics } = await trainer.train();
    const { logHistory, numInputTokensSeen, totalFlos } = trainer.state;
    expect(logHistory.map((log) => Object.keys(log).sort())).toEqual(expected.logs);
    expect(logHistory.map((log) => log.num_input_tokens_seen ?? null)).toEqual(expected.tokens);
    expect(Object.keys(metrics).sort()).toEqual([...expected.metrics, 'total_flos'].sort());
    expect({ numInputTokensSeen, totalFlos }).toEqual({
      numInputTokensSeen: expected.numInputTokensSeen,
      totalFlos: expected.totalFlos,
    });
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('is on every step, and a speed', async () => {
    const { trainer, model } = await bertTrainer({ includeNumInputTokensSeen: 'non_padding' });
    const tokens: (number | undefined)[] = [];
    const speeds: Throughput[] = [];
    trainer.events$.pipe(ofType('step-end')).subscribe((event) => tokens.push(event.tokens));
    trainer.events$.pipe(throughput()).subscribe((speed) => speeds.push(speed));
    await trainer.train();
    const seen = transformers.cases[2]!.tokens;
    expect(tokens).toEqual(tokens.map((_, i) => seen[i]! - (seen[i - 1] ?? 0)));
    const { tokensPerSecond, examplesPerSecond } = speeds.at(-1)!;
    expect(tokensPerSecond! / examplesPerSecond).toBeCloseTo(seen.at(-1)! / (8 * transformers.steps));
    model.dispose();
  });

  it('goes on in a resumed run', async () => {
    const outputDir = newFolder();
    const counting = { outputDir, includeNumInputTokensSeen: true } as const;
    const whole = await bertTrainer({ ...counting, saveStrategy: 'steps', saveSteps: 3 });
    await whole.trainer.train();
    const resumed = await bertTrainer(counting);
    await resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, 'checkpoint-3') });
    const { numInputTokensSeen, totalFlos } = whole.trainer.state;
    expect(resumed.trainer.state).toMatchObject({ numInputTokensSeen, totalFlos });
    expect(numInputTokensSeen).toBe(transformers.cases[1]!.numInputTokensSeen);
    for (const { model } of [whole, resumed]) model.dispose();
  });

  it('is not there where nothing is asked for', async () => {
    const { trainer, model, events } = tinyTrainer({ maxSteps: 1 });
    await trainer.train();
    expect(events.filter(({ type }) => type === 'step-end').some((event) => 'tokens' in event)).toBe(false);
    expect(trainer.state).toMatchObject({ numInputTokensSeen: 0, totalFlos: 0 });
    model.dispose();
  });

  it('is an error, where the input is not found', async () => {
    const before = held();
    const { trainer, model } = tinyTrainer({ maxSteps: 1, includeNumInputTokensSeen: true });
    await expect(trainer.train()).rejects.toThrow(
      'includeNumInputTokensSeen: expected "inputIds" or "input_ids" in every batch, got x, labels; name the model\'s input by its mainInputName',
    );
    model.dispose();
    expect(held()).toEqual(before);
  });
});

describe('the tokens of a batch', () => {
  const count = async (counting: TokenCounting, batch: object, names = ['inputIds', 'input_ids']) =>
    (await new InputMeter(counting, names, []).measure(batch as Batch)).tokens;

  it('are counted in tensors, typed arrays and nested arrays', async () => {
    const rows = [
      [5, 6, 7],
      [8, 0, 0],
    ];
    const mask = rows.map((row) => row.map((id) => (id === 0 ? 0 : 1)));
    for (const as of [
      (x: number[][]) => x,
      (x: number[][]) => Int32Array.from(x.flat()),
      (x: number[][]) => tf.tensor2d(x),
    ]) {
      const batch = { input_ids: as(rows), attention_mask: as(mask) };
      expect(await count('all', batch)).toBe(6);
      expect(await count('non_padding', batch)).toBe(4);
      expect(await count('no', batch)).toBeUndefined();
      tf.dispose(batch as tf.TensorContainer);
    }
    expect(await count('all', { tokens: [1, 2] }, ['tokens'])).toBe(2);
  });

  it('cannot be told from padding without a mask', async () => {
    await expect(count('non_padding', { inputIds: [1, 2] })).rejects.toThrow(
      'includeNumInputTokensSeen: expected an attentionMask in every batch with "non_padding", got inputIds; give one, or count "all"',
    );
  });
});

describe('the operations of a batch', () => {
  const weights = (...names: string[]) => names.map((name) => ({ name, variable: { size: 10 } as tf.Variable }));
  const operations = async (...names: string[]) =>
    (await new InputMeter('no', ['inputIds'], weights(...names)).measure({ inputIds: [1, 2] } as Batch))
      .floatingPointOperations;

  it.each([
    'bert.embeddings.word_embeddings.weight',
    'model.embed_tokens.weight',
    'transformer.wte.weight',
    'embedding_Embedding1/embeddings',
    'embedding/embeddings_1',
  ])('leave out %s', async (table) => {
    expect(await operations(table, 'dense.weight')).toBe(6 * 2 * 10);
  });

  it.each(['bert.embeddings.LayerNorm.weight', 'embedding_projection.weight'])('count %s', async (name) => {
    expect(await operations('wte.weight', name)).toBe(6 * 2 * 10);
  });

  it('are none where nothing is looked up', async () => {
    expect(await operations('dense.weight', 'dense.bias')).toBe(0);
  });
});
