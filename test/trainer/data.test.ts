import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchCount, batches, epochOrder, groups } from '../../src/trainer/data/batches.js';
import { exampleSource } from '../../src/trainer/data/train-dataset.js';
import { defaultCollator, type TrainDataset } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend('cpu'));

interface Counted {
  readonly id: number;
}

const ids = (count: number): Counted[] => Array.from({ length: count }, (_, id) => ({ id }));

/** The ids of each batch of a pass. */
async function passOver(
  dataset: TrainDataset<Counted>,
  options: { batchSize: number; shuffle?: number[]; dropLast?: boolean; skip?: number },
): Promise<number[][]> {
  const seen: number[][] = [];
  const collate = (examples: readonly Counted[]) => {
    seen.push(examples.map(({ id }) => id));
    return {};
  };
  const source = exampleSource('dataset', dataset);
  let count = 0;
  for await (const { size } of batches(source, { collate, ...options })) expect(seen[count++]).toHaveLength(size);
  expect(seen).toHaveLength(count);
  return seen;
}

const passes = fc.record({
  length: fc.integer({ min: 0, max: 60 }),
  batchSize: fc.integer({ min: 1, max: 12 }),
  seed: fc.integer({ min: 0, max: 1e9 }),
  epoch: fc.integer({ min: 0, max: 5 }),
  dropLast: fc.boolean(),
});

describe('the order of an epoch', () => {
  it('is a permutation, the same for the same numbers', () => {
    fc.assert(
      fc.property(passes, ({ length, seed, epoch }) => {
        const order = epochOrder(length, [seed, epoch]);
        expect([...order].sort((a, b) => a - b)).toEqual(epochOrder(length));
        expect(epochOrder(length, [seed, epoch])).toEqual(order);
      }),
    );
  });

  it('is another in another epoch, and with another seed', () => {
    const orders = [
      [42, 0],
      [42, 1],
      [42, 2],
      [43, 0],
      [1, 42],
    ].map((seed) => epochOrder(50, seed).join());
    expect(new Set(orders).size).toBe(orders.length);
  });

  it('is fixed: a checkpoint of today is resumed from tomorrow', () => {
    expect(epochOrder(10, [42, 0])).toEqual([9, 6, 4, 8, 1, 7, 0, 3, 5, 2]);
    expect(epochOrder(10, [42, 1])).toEqual([1, 8, 5, 4, 0, 9, 3, 7, 6, 2]);
  });

  it('puts every example anywhere about equally often', () => {
    const length = 8;
    const rounds = 4000;
    const counts = Array.from({ length }, () => new Array<number>(length).fill(0));
    for (let round = 0; round < rounds; round++) {
      for (const [place, example] of epochOrder(length, [round, 0]).entries()) counts[example]![place]!++;
    }
    // 500 expected, with a standard deviation of 21.
    for (const count of counts.flat()) expect(Math.abs(count - rounds / length)).toBeLessThan(110);
  });
});

describe('batches', () => {
  it('hold every example once, in the order of the epoch', async () => {
    await fc.assert(
      fc.asyncProperty(passes, async ({ length, batchSize, seed, epoch, dropLast }) => {
        const seen = await passOver(ids(length), { batchSize, shuffle: [seed, epoch], dropLast });
        expect(seen).toHaveLength(batchCount(length, batchSize, dropLast));
        const whole = dropLast ? Math.floor(length / batchSize) * batchSize : length;
        expect(seen.flat()).toEqual(epochOrder(length, [seed, epoch]).slice(0, whole));
        expect(seen.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true);
      }),
    );
  });

  it('go on after those passed over, as if they had been seen', async () => {
    await fc.assert(
      fc.asyncProperty(passes, fc.nat({ max: 12 }), async ({ length, batchSize, seed, epoch, dropLast }, skip) => {
        const options = { batchSize, shuffle: [seed, epoch], dropLast };
        const all = await passOver(ids(length), options);
        expect(await passOver(ids(length), { ...options, skip })).toEqual(all.slice(skip));
        expect(await passOver(iterable(length), { batchSize, dropLast, skip })).toEqual(
          (await passOver(ids(length), { batchSize, dropLast })).slice(skip),
        );
      }),
    );
  });

  it('come in groups, the last one short', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 20 }), fc.integer({ min: 1, max: 6 }), async (count, size) => {
        const source = exampleSource('dataset', ids(count));
        const pass = batches(source, { batchSize: 1, collate: ([example]) => example as object });
        const sizes: number[] = [];
        for await (const group of groups(pass, size)) sizes.push(group.length);
        expect(sizes.reduce((sum, length) => sum + length, 0)).toBe(count);
        expect(sizes.slice(0, -1).every((length) => length === size)).toBe(true);
      }),
    );
  });

  it.each<[string, () => TrainDataset<Counted>]>([
    ['an array', () => ids(5)],
    ['an object that makes examples', () => ({ length: 5, get: (id: number) => ({ id }) })],
    ['an object that promises them', () => ({ length: 5, get: async (id: number) => ({ id }) })],
    ['an async iterable', () => iterable(5)],
    ['a tf.data.Dataset', () => tf.data.array(ids(5) as never) as never],
  ])('are taken from %s', async (_name, dataset) => {
    expect(await passOver(dataset(), { batchSize: 2 })).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('dispose the tensors that a dataset makes on the way, and not those of an array', async () => {
    const array = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4]), tf.tensor1d([5, 6])];
    const before = held();
    const stream = {
      async *[Symbol.asyncIterator]() {
        for (const x of array) yield { x: x.clone() };
      },
    };
    const datasets = [
      array.map((x) => ({ x })),
      tf.data
        .array([
          [1, 2],
          [3, 4],
        ])
        .map((x) => ({ x: tf.tensor1d(x as number[]) })),
      stream,
    ];
    for (const dataset of datasets) {
      const source = exampleSource('dataset', dataset as TrainDataset);
      for await (const { batch } of batches(source, { batchSize: 2, collate: defaultCollator }))
        tf.dispose(batch as tf.TensorContainer);
    }
    expect(held()).toEqual(before);
    expect(array[0]!.isDisposed).toBe(false);
    tf.dispose(array);
  });
});

describe('the default collator', () => {
  const collated = (examples: readonly unknown[]) => {
    const batch = defaultCollator(examples) as Record<string, tf.Tensor>;
    const plain = Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, [x.dtype, x.arraySync()]]));
    tf.dispose(batch);
    return plain;
  };

  it.each<[string, readonly unknown[], object]>([
    ['numbers', [{ label: 1 }, { label: 0 }], { labels: ['int32', [1, 0]] }],
    ['fractions', [{ y: 1 }, { y: 0.5 }], { y: ['float32', [1, 0.5]] }],
    [
      'arrays',
      [{ x: [1, 2] }, { x: [3, 4] }],
      {
        x: [
          'int32',
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
    ],
    [
      'typed arrays',
      [{ x: Float32Array.of(1, 2) }, { x: Float32Array.of(3, 4) }],
      {
        x: [
          'float32',
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
    ],
    ['what is missing', [{ x: 1, note: undefined, other: null }], { x: ['int32', [1]] }],
  ])('stacks %s', (_name, examples, expected) => {
    expect(collated(examples)).toEqual(expected);
  });

  it('stacks tensors, and fields of fields', () => {
    const before = held();
    const examples = [1, 2].map((value) => ({ xs: { a: tf.tensor1d([value]) } }));
    const batch = defaultCollator(examples) as { xs: { a: tf.Tensor } };
    expect(batch.xs.a.arraySync()).toEqual([[1], [2]]);
    tf.dispose([batch.xs.a, ...examples.map(({ xs }) => xs.a)]);
    expect(held()).toEqual(before);
  });

  it('refuses texts', () => {
    expect(() => defaultCollator([{ x: 'a' }])).toThrow(
      'x: expected numbers, an array or a tensor in every example, got "a"',
    );
  });
});

function iterable(count: number): AsyncIterable<Counted> {
  return {
    async *[Symbol.asyncIterator]() {
      yield* ids(count);
    },
  };
}
