/** Counts of tensors by step, of leaks as people report them and of runs that are well. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AlertEvent, tensorLeak } from '../../src/index.js';
import { instrument } from '../../src/tfjs.js';
import { held, useBackend } from '../helpers/backend.js';
import { event } from '../operators/fake-run.js';
import { alertsOf, brief } from './numbers.js';

/** Alerts of a run whose count after step 1, 2, … is given. */
function judged(steps: number, count: (step: number) => number): AlertEvent[] {
  const events = Array.from({ length: steps }, (_, i) =>
    event('step-end', { step: i + 1, numTensors: Math.round(count(i + 1)) }),
  );
  return alertsOf(events, tensorLeak());
}

const begins = (alerts: readonly AlertEvent[]) => alerts.filter(({ phase }) => phase === 'begin');

/** The same numbers in every run of the test. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe('a leak is told of once, and in time', () => {
  it.each([
    ['one a step', (step: number) => 50 + step, 11, 1],
    ['one a step, while each epoch of 10 frees some', (step: number) => 50 + step - 3 * (step % 10), 200, 1],
    ['the same, of 7 batches', (step: number) => 50 + step + 5 * (step % 7), 100, 1],
    ['the same, of 12 batches', (step: number) => 50 + step + 0.5 * (step % 12), 300, 1],
    ['one an epoch of 10', (step: number) => 50 + Math.floor(step / 10), 200, 0.1],
    ['one an epoch of 100', (step: number) => 50 + Math.floor(step / 100), 1500, 0.01],
    ['one an epoch of 500', (step: number) => 50 + Math.floor(step / 500), 6000, 1 / 500],
    [
      'one an epoch of 100 that holds its losses until it ends',
      (step: number) => 50 + 4 * Math.floor(step / 100) + (step % 100 < 5 ? 0 : 5),
      1500,
      0.04,
    ],
    ['a data set of two for each fit of 25 steps', (step: number) => 50 + 2 * Math.floor(step / 25), 400, 0.08],
    ['one a step after slots and caches', (step: number) => (step < 5 ? 50 : 150) + step, 20, 1],
    ['one a step from step 300 on', (step: number) => 50 + Math.max(0, step - 300), 320, 1],
  ])('%s', (_name, count, by, perStep) => {
    const alerts = judged(by + 200, count);
    expect(begins(alerts)).toHaveLength(1);
    expect(alerts[0]!.step).toBeLessThanOrEqual(by);
    expect(alerts[0]!.value! / perStep).toBeGreaterThan(0.5);
    expect(alerts[0]!.value! / perStep).toBeLessThan(2);
    expect(alerts.filter(({ phase }) => phase === 'end')).toEqual([]);
  });

  it('in an unsteady step: one in a tenth of the steps, by chance', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomNumbers(seed);
      let held = 50;
      const alerts = judged(3000, () => {
        if (random() < 0.1) held++;
        return held;
      });
      expect(begins(alerts)).toHaveLength(1);
    }
  });

  it('and is over once it has been freed, or has stopped', () => {
    expect(brief(judged(60, (step) => (step < 40 ? step : 0)))).toEqual(['begin warning 2-11', 'end warning 2-40']);
    expect(brief(judged(60, (step) => Math.min(step, 40)))).toEqual(['begin warning 2-11', 'end warning 2-50']);
  });

  it('says how many are held, over how many steps, and how many more', () => {
    const [alert] = judged(300, (step) => 50 + Math.floor(step / 10));
    expect(alert!.message).toMatch(
      /^\d+ tensors are held at the least in 16 steps, 0\.\d+ more after each step, since/,
    );
  });
});

describe('nothing is said of', () => {
  it.each([
    ['a run that holds as many', () => 50],
    ['slots that the optimizer makes at first', (step: number) => (step === 1 ? 20 : 60)],
    ['a cache that grows once and stops', (step: number) => 50 + Math.min(9, step)],
    ['caches that grow now and then, ever more seldom', (step: number) => 50 + 3 * Math.floor(Math.log2(step))],
    ['growth that saturates soon', (step: number) => 50 + 40 * (1 - Math.exp(-step / 10))],
    ['growth that saturates late', (step: number) => 50 + 30 * (1 - Math.exp(-step / 200))],
    ['an evaluation that holds 30 tensors for 40 steps', (step: number) => (step % 200 < 40 ? 80 : 50)],
    ['what an epoch of 10 holds and frees', (step: number) => 50 + (step % 10)],
    ['what an epoch of 100 holds in eight pieces', (step: number) => 50 + Math.floor((step % 100) / 12)],
  ])('%s', (_name, count) => {
    expect(judged(5000, count)).toEqual([]);
  });

  it('noise: buffers that are filled and freed by chance', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomNumbers(seed);
      expect(judged(2000, () => 50 + 20 * random())).toEqual([]);
    }
  });

  it('more than the first epoch that holds ever more and frees it: it learns that', () => {
    const alerts = judged(3000, (step) => 50 + (step % 100));
    expect(begins(alerts)).toHaveLength(1);
    expect(alerts.at(-1)!.phase).toBe('end');
    expect(alerts.at(-1)!.step).toBeLessThan(110);
  });
});

describe('model.fit with something that is never disposed', () => {
  beforeAll(() => useBackend('cpu'));

  interface Leak {
    readonly batches?: number;
    readonly onBatchEnd?: (kept: tf.Tensor[]) => void;
    readonly onEpochEnd?: (kept: tf.Tensor[], model: tf.LayersModel) => void;
    readonly dataAnew?: boolean;
  }

  async function fitted({ batches = 10, onBatchEnd, onEpochEnd, dataAnew = false }: Leak): Promise<AlertEvent[]> {
    const atFirst = held();
    const kept: tf.Tensor[] = [];
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1 })] });
    const optimizer = tf.train.adam(0.01);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const training = instrument(model);
    const alerts: AlertEvent[] = [];
    training.report(training.events$.pipe(tensorLeak()));
    training.events$.subscribe((each) => each.type === 'alert' && alerts.push(each));
    const data = () => [tf.ones([2 * batches, 1]), tf.zeros([2 * batches, 1])] as const;
    const once = data();
    kept.push(...once);
    for (let fit = 0; fit < 15; fit++) {
      const [x, y] = dataAnew ? data() : once;
      if (dataAnew) kept.push(x, y);
      await model.fit(x, y, {
        epochs: dataAnew ? 1 : 2,
        batchSize: 2,
        verbose: 0,
        validationData: [once[0], once[1]],
        callbacks: {
          onBatchEnd: async () => onBatchEnd?.(kept),
          onEpochEnd: async () => onEpochEnd?.(kept, model),
        },
      });
    }
    expect(await training.close()).toEqual([]);
    tf.dispose(kept);
    model.dispose();
    optimizer.dispose();
    expect(held()).toEqual(atFirst);
    return alerts;
  }

  it.each<[string, Leak]>([
    ['a tensor in onBatchEnd, 10 batches an epoch', { onBatchEnd: (kept) => kept.push(tf.scalar(1)) }],
    [
      'a prediction in onEpochEnd',
      { onEpochEnd: (kept, model) => kept.push(tf.tidy(() => model.predict(tf.ones([1, 1])) as tf.Tensor)) },
    ],
    ['data made anew for each fit', { dataAnew: true, batches: 12 }],
  ])('%s', async (_name, leak) => {
    const alerts = await fitted(leak);
    expect(brief(begins(alerts))).toHaveLength(1);
    expect(alerts).toHaveLength(1);
  });

  it('and of one that disposes all, nothing', async () => {
    expect(await fitted({})).toEqual([]);
  });
});
