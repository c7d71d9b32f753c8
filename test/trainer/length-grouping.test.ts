import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { batches, epochOrder } from '../../src/trainer/data/batches.js';
import { exampleLengths, lengthGroupedOrder } from '../../src/trainer/data/length-grouping.js';
import { exampleSource, type TrainDataset } from '../../src/trainer/data/train-dataset.js';
import { type ForwardModel, Trainer, type TrainerOptions, type TrainingArguments } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import transformers from '../reference/fixtures/length-groups.json' with { type: 'json' };
import { newFolder, valuesOf } from './tiny.js';

beforeAll(() => useBackend('cpu'));

describe('an order grouped by length', () => {
  it.each(transformers.cases)(
    "is transformers' own, of one permutation: $lengths.length in groups of $groupSize",
    (one) => {
      expect(lengthGroupedOrder(one.permutation, one)).toEqual(one.order);
    },
  );

  it('has every example once, the longest first, and each part sorted, the longest first', () => {
    const cases = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 700 }),
      groupSize: fc.integer({ min: 1, max: 6 }),
      seed: fc.integer({ min: 0, max: 1e9 }),
    });
    fc.assert(
      fc.property(cases, ({ lengths, groupSize, seed }) => {
        const shuffled = epochOrder(lengths.length, [seed, 0]);
        const before = [...shuffled];
        const order = lengthGroupedOrder(shuffled, { lengths, groupSize });
        expect(shuffled).toEqual(before);
        expect([...order].sort((a, b) => a - b)).toEqual(epochOrder(lengths.length));
        if (order.length === 0) return;
        const inOrder = order.map((index) => lengths[index]!);
        expect(inOrder[0]).toBe(Math.max(...lengths));
        const groups = Math.max(1, Math.min(50, Math.floor(lengths.length / (4 * groupSize))));
        const rises = inOrder.flatMap((length, i) => (i > 0 && length > inOrder[i - 1]! ? [i] : []));
        // Lengths may rise where a part begins; and, behind the longest of all and the one that it changed places with.
        const swapped = order.filter(
          (index, i) => shuffledPart(shuffled, index) !== Math.floor(i / (groups * groupSize)),
        );
        expect(swapped.length === 0 || swapped.length === 2).toBe(true);
        const allowed = (i: number) =>
          i % (groups * groupSize) === 0 || swapped.includes(order[i]!) || swapped.includes(order[i - 1]!);
        expect(rises.filter((i) => !allowed(i))).toEqual([]);

        function shuffledPart(of: readonly number[], index: number): number {
          return Math.floor(of.indexOf(index) / (groups * groupSize));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the lengths of examples', () => {
  const lengthsOf = (examples: TrainDataset, column = 'length', names = ['inputIds', 'input_ids']) =>
    exampleLengths(exampleSource('trainDataset', examples), column, names);

  it('are those of the input, or what the column says', async () => {
    const ids = tf.zeros([5, 2]);
    const examples = [
      { inputIds: [1, 2, 3] },
      { input_ids: Int32Array.of(1, 2) },
      { inputIds: ids },
      { inputIds: [1, 2, 3], length: 9 },
      { inputIds: [], size: 7 },
    ];
    expect(await lengthsOf(examples)).toEqual([3, 2, 5, 9, 0]);
    expect(await lengthsOf(examples, 'size')).toEqual([3, 2, 5, 3, 7]);
    expect(await lengthsOf({ length: 2, get: async (i) => ({ xs: [i, i] }) }, 'length', ['xs'])).toEqual([2, 2]);
    ids.dispose();
  });

  it.each<[unknown, string]>([
    [{ text: 'long' }, 'one with text at index 1'],
    [{ inputIds: 'long' }, 'one with inputIds at index 1'],
    [[1, 2], 'got '],
    ['long', 'got "long" at index 1'],
  ])('are refused of %o', async (example, got) => {
    const refused = lengthsOf([{ inputIds: [1] }, example]);
    await expect(refused).rejects.toThrow(
      'trainSamplingStrategy: expected a number "length" or "inputIds" or "input_ids" in every example',
    );
    await expect(refused).rejects.toThrow(got);
  });
});

interface Text {
  readonly inputIds: readonly number[];
  readonly label: number;
}

/** Texts of 1 to 12 tokens. */
const texts = (count: number): Text[] =>
  Array.from({ length: count }, (_, i) => ({
    inputIds: Array.from({ length: 1 + ((i * 7) % 12) }, (_, j) => 1 + ((i * 3 + j) % 9)),
    label: i % 2,
  }));

/** Pads to the longest of the batch, and tells its length. */
function padded(examples: readonly Text[], seen: number[][]) {
  const length = Math.max(...examples.map(({ inputIds }) => inputIds.length));
  seen.push(examples.map(({ inputIds }) => inputIds.length));
  const rows = examples.map(({ inputIds }) => [...inputIds, ...new Array<number>(length - inputIds.length).fill(0)]);
  return {
    inputIds: tf.tensor2d(rows, [examples.length, length], 'int32'),
    labels: tf.tensor1d(
      examples.map(({ label }) => label),
      'int32',
    ),
  };
}

/** Scores of tokens, summed over the text. */
function bagModel(): ForwardModel & { readonly kernel: tf.Variable; readonly bias: tf.Variable; dispose(): void } {
  const kernel = tf.tidy(() => tf.variable(tf.linspace(-1, 1, 20).reshape([10, 2])));
  const bias = tf.tidy(() => tf.variable(tf.zeros([2])));
  return {
    kernel,
    bias,
    parameters: () => [
      { name: 'score.weight', variable: kernel },
      { name: 'score.bias', variable: bias },
    ],
    forward(batch) {
      const { inputIds } = batch as unknown as { readonly inputIds: tf.Tensor2D };
      return tf.add(tf.sum(tf.gather(kernel, inputIds), 1), bias);
    },
    dispose: () => tf.dispose([kernel, bias]),
  };
}

function textTrainer(args: TrainingArguments = {}, options: Partial<TrainerOptions<Text>> = {}) {
  const model = bagModel();
  const seen: number[][] = [];
  const trainer = new Trainer<Text>({
    model,
    trainDataset: texts(70),
    dataCollator: (examples) => padded(examples, seen),
    args: {
      ...{ disableTqdm: true, saveStrategy: 'no', learningRate: 0.05, perDeviceTrainBatchSize: 4, numTrainEpochs: 2 },
      trainSamplingStrategy: 'group_by_length',
      ...args,
    },
    ...options,
  });
  return { trainer, model, seen };
}

describe('a training grouped by length', () => {
  it('sees every example once an epoch, in batches of like length, and less padding', async () => {
    const before = held();
    const grouped = textTrainer();
    const random = textTrainer({ trainSamplingStrategy: 'random' });
    for (const { trainer } of [grouped, random]) await trainer.train();
    const all = texts(70).map(({ inputIds }) => inputIds.length);
    for (const epoch of [grouped.seen.slice(0, 18), grouped.seen.slice(18)]) {
      expect(epoch.flat().sort()).toEqual(all.sort());
      expect(epoch[0]![0]).toBe(12);
    }
    const computed = (batches: number[][]) =>
      batches.reduce((sum, sizes) => sum + sizes.length * Math.max(...sizes), 0);
    const tokens = 2 * all.reduce((sum, length) => sum + length);
    expect((computed(grouped.seen) - tokens) * 3).toBeLessThan(computed(random.seen) - tokens);
    for (const { model } of [grouped, random]) model.dispose();
    expect(held()).toEqual(before);
  });

  it('looks for like lengths among whole updates', async () => {
    const { trainer, model, seen } = textTrainer({ perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 5 });
    await trainer.train();
    const lengths = texts(70).map(({ inputIds }) => inputIds.length);
    const source = exampleSource('trainDataset', texts(70));
    const expected: number[][] = [];
    const collate = (examples: readonly Text[]) => padded(examples, expected);
    const grouping = { lengths, groupSize: 10 };
    for await (const { batch } of batches(source, { batchSize: 2, shuffle: [42, 0], grouping, collate }))
      tf.dispose(batch as tf.TensorContainer);
    expect(seen.slice(0, expected.length)).toEqual(expected);
    model.dispose();
  });

  it.each([7, 18, 23])('is, resumed from step %i, the run that was not stopped', async (step) => {
    const outputDir = newFolder();
    const whole = textTrainer({ outputDir, saveStrategy: 'steps', saveSteps: step });
    await whole.trainer.train();
    const resumed = textTrainer({ outputDir });
    await resumed.trainer.train({ resumeFromCheckpoint: `${outputDir}/checkpoint-${step}` });
    expect(resumed.seen).toEqual(whole.seen.slice(step));
    expect(valuesOf(resumed.model)).toEqual(valuesOf(whole.model));
    const other = textTrainer({ outputDir, trainSamplingStrategy: 'random' });
    await expect(other.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(
      /^trainSamplingStrategy: expected that of the checkpoint .*, "group_by_length", got "random"; resume with the same/,
    );
    for (const { model } of [whole, resumed, other]) model.dispose();
  });

  it('needs a dataset that is indexed', async () => {
    const before = held();
    const stream = { async *[Symbol.asyncIterator]() {} };
    const { trainer, model } = textTrainer({ maxSteps: 2 }, { trainDataset: stream });
    await expect(trainer.train()).rejects.toThrow(
      'trainSamplingStrategy: expected a trainDataset that is an array or has',
    );
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('measures the input that the model names', async () => {
    const { trainer, model } = textTrainer({ maxSteps: 1 }, { model: { ...bagModel(), mainInputName: 'tokens' } });
    await expect(trainer.train()).rejects.toThrow(
      'expected a number "length" or "tokens" in every example, got one with inputIds, label at index 0',
    );
    model.dispose();
  });
});
