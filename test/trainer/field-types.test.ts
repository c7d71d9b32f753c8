import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { accuracy, type Batch, defaultCollator, EarlyStopping, type TrainDataset, Trainer } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { newFolder } from './tiny.js';

describe.each(BACKENDS)('whole numbers among floats, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('do not end the example of docs/trainer.md', async () => {
    const before = held();
    const model = tf.sequential({
      layers: [tf.layers.dense({ inputShape: [2], units: 2, activation: 'softmax', name: `whole-${backend}` })],
    });
    const optimizer = tf.train.sgd(0.1);
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
    const examples = Array.from({ length: 100 }, (_, i) => ({ xs: [i / 100, 1 - i / 100], label: i < 50 ? 0 : 1 }));
    const trainer = new Trainer({
      model,
      trainDataset: examples,
      evalDataset: examples,
      args: {
        ...{ outputDir: newFolder(), learningRate: 1e-3, evalStrategy: 'epoch', saveStrategy: 'epoch' },
        ...{ loadBestModelAtEnd: true, disableTqdm: true },
      },
      computeMetrics: ({ predictions, labels }) => ({ accuracy: accuracy(predictions, labels) }),
      callbacks: [new EarlyStopping({ patience: 2 })],
    });
    expect((await trainer.train()).globalStep).toBe(39);
    await trainer.close();
    model.dispose();
    optimizer.dispose();
    expect(held()).toEqual(before);
  });

  it('are floats for a float32 input, also where there are no others', async () => {
    const before = held();
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, name: `ints-${backend}` })] });
    const optimizer = tf.train.sgd(0.1);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const seen: string[] = [];
    const apply = model.apply.bind(model);
    model.apply = (inputs, kwargs) => {
      seen.push([inputs].flat()[0]!.dtype);
      return apply(inputs, kwargs);
    };
    for (const xs of [[1, 0], Int32Array.of(2, 3), tf.tensor1d([4, 5], 'int32')]) {
      const trainer = new Trainer({
        model,
        trainDataset: [{ xs, label: [1] }],
        args: { maxSteps: 1, saveStrategy: 'no', disableTqdm: true },
      });
      await trainer.train();
      if (xs instanceof tf.Tensor) xs.dispose();
    }
    expect(seen).toEqual(['float32', 'float32', 'float32']);
    model.dispose();
    optimizer.dispose();
    expect(held()).toEqual(before);
  });
});

describe('the type of a field', () => {
  beforeAll(() => useBackend('cpu'));

  it('is one over a batch, nested fields and other kinds of values too', () => {
    const before = held();
    const int = tf.tensor1d([1, 2], 'int32');
    const batch = defaultCollator([
      { x: [1, 0], ids: [1, 2], n: 1, typed: Int32Array.of(1, 2), tensor: int, xs: { a: [1], b: 2 }, label: 1 },
      { x: [0.5, 0], ids: [3, 4], n: 2.5, typed: [0.5, 1], tensor: [0, 0.5], xs: { a: [2], b: 0.5 }, label: 0 },
    ]) as Record<string, tf.Tensor>;
    const { xs, ...flat } = batch;
    const types = Object.entries({ ...flat, ...(xs as unknown as Record<string, tf.Tensor>) });
    expect(Object.fromEntries(types.map(([name, { dtype }]) => [name, dtype]))).toEqual({
      ...{ x: 'float32', ids: 'int32', n: 'float32', typed: 'float32', tensor: 'float32' },
      ...{ a: 'int32', b: 'float32', labels: 'int32' },
    });
    expect([...batch.x!.dataSync(), ...batch.n!.dataSync()]).toEqual([1, 0, 0.5, 0, 1, 2.5]);
    tf.dispose([batch, int]);
    expect(held()).toEqual(before);
  });

  it('is float where int32 has no room for a whole number', () => {
    const batch = defaultCollator([{ n: 3e9, list: [1, 2 ** 31], id: 2 ** 31 - 1 }]) as Record<string, tf.Tensor>;
    expect([...batch.n!.dataSync(), ...batch.list!.dataSync()]).toEqual([3e9, 1, 2 ** 31]);
    expect(batch.id!.dtype).toBe('int32');
    tf.dispose(batch);
  });

  /** The types of `x` that a model is given, in training, and in an evaluation before it. */
  async function seenOf(trainDataset: TrainDataset<unknown>, evalDataset: TrainDataset<unknown>): Promise<string[]> {
    const before = held();
    const w = tf.tidy(() => tf.variable(tf.ones([2, 2])));
    const seen: string[] = [];
    const trainer = new Trainer({
      model: {
        parameters: () => [{ name: 'w', variable: w }],
        forward(batch: Batch) {
          const { x } = batch as { readonly x: tf.Tensor2D };
          seen.push(x.dtype);
          return tf.matMul(tf.cast(x, 'float32'), w as tf.Tensor2D);
        },
      },
      trainDataset,
      evalDataset,
      args: { maxSteps: 4, perDeviceTrainBatchSize: 1, saveStrategy: 'no', disableTqdm: true },
    });
    await trainer.evaluate();
    await trainer.train();
    w.dispose();
    expect(held()).toEqual(before);
    return seen;
  }

  it('is one over all batches of all datasets that are arrays', async () => {
    const whole = [{ x: [1, 0], label: 0 }];
    const mixed = [...whole, ...whole, { x: [0.5, 0.5], label: 1 }, ...whole];
    expect(new Set(await seenOf(mixed, whole))).toEqual(new Set(['float32']));
    expect(new Set(await seenOf(whole, mixed))).toEqual(new Set(['float32']));
    expect(new Set(await seenOf(whole, whole))).toEqual(new Set(['int32']));
  });

  it('is float from the first fraction on, of a dataset that is no array', async () => {
    const rows = [
      [1, 0],
      [0.5, 1],
      [1, 1],
      [0, 1],
    ].map((x) => ({ x, label: 0 }));
    const iterable = {
      async *[Symbol.asyncIterator]() {
        yield* rows;
      },
    };
    expect(await seenOf(iterable, [])).toEqual(['int32', 'float32', 'float32', 'float32']);
  });
});
