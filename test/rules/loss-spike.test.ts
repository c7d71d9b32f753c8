/** Losses of real trainings on tiny batches: noisy where all is well, and ill. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AlertEvent, lossSpike } from '../../src/index.js';
import { instrument } from '../../src/tfjs.js';
import { held, useBackend } from '../helpers/backend.js';
import { event } from '../operators/fake-run.js';
import { alertsOf, brief } from './numbers.js';

type Task = 'regression' | 'two classes' | 'five classes';

interface Run {
  readonly task: Task;
  readonly batchSize: number;
  readonly seed: number;
  readonly optimizer?: () => tf.Optimizer;
  /** How the examples of one batch, which is in the middle of the run, are spoilt. */
  readonly spoil?: (target: number) => number;
  /** What the learning rate becomes in the middle of the run. */
  readonly rate?: number;
}

const EXAMPLES = 200;

/** A task that a small network learns, with a label in twenty that is wrong. */
function examplesOf(task: Task, seed: number): { x: tf.Tensor2D; y: number[] } {
  const x = tf.randomNormal<tf.Rank.R2>([EXAMPLES, 6], 0, 1, 'float32', seed);
  const noise = tf.tidy(() => tf.randomUniform([EXAMPLES], 0, 1, 'float32', seed + 1).dataSync());
  const rows = x.arraySync();
  const y = rows.map(([a, b, c], i) => {
    const target = a! * a! + b! - c!;
    if (task === 'regression') return target + 0.2 * (noise[i]! - 0.5);
    const kind = task === 'two classes' ? Number(target > 0.8) : Math.max(0, Math.min(4, Math.floor(target + 1.5)));
    if (noise[i]! > 0.05) return kind;
    return task === 'two classes' ? 1 - kind : (kind + 1) % 5;
  });
  return { x, y };
}

const KINDS = {
  regression: { units: 1, loss: 'meanSquaredError' },
  'two classes': { units: 1, activation: 'sigmoid', loss: 'binaryCrossentropy' },
  'five classes': { units: 5, activation: 'softmax', loss: 'categoricalCrossentropy' },
} as const;

async function alertsOfRun({ task, batchSize, seed, optimizer = () => tf.train.adam(5e-3), ...ill }: Run) {
  const atFirst = held();
  const { units, loss, ...rest } = KINDS[task];
  const glorot = (of: number) => tf.initializers.glorotUniform({ seed: of });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [6], units: 16, activation: 'relu', kernelInitializer: glorot(seed) }),
      tf.layers.dense({ units, ...rest, kernelInitializer: glorot(seed + 9) }),
    ],
  });
  const applied = optimizer();
  model.compile({ optimizer: applied, loss });
  const { x, y } = examplesOf(task, seed);
  const middle = Math.floor(EXAMPLES / batchSize / 2) * batchSize;
  const spoilt = y.map((target, i) =>
    ill.spoil && i >= middle && i < middle + batchSize ? ill.spoil(target) : target,
  );
  const targets = tf.tidy(() =>
    task === 'five classes' ? tf.oneHot(tf.tensor1d(spoilt, 'int32'), 5).toFloat() : tf.tensor2d(spoilt, [EXAMPLES, 1]),
  );
  const training = instrument(model);
  const alerts: AlertEvent[] = [];
  training.report(training.events$.pipe(lossSpike()));
  training.events$.subscribe((each) => {
    if (each.type === 'alert') alerts.push(each);
    if (ill.rate !== undefined && each.type === 'step-end' && each.step === middle / batchSize) {
      (applied as tf.SGDOptimizer).setLearningRate(ill.rate);
    }
  });
  await model.fit(x, targets, { batchSize, epochs: 1, shuffle: false, verbose: 0, callbacks: training.callbacks() });
  expect(await training.close()).toEqual([]);
  tf.dispose([x, targets]);
  model.dispose();
  applied.dispose();
  expect(held()).toEqual(atFirst);
  return { begins: alerts.filter(({ phase }) => phase === 'begin'), badStep: middle / batchSize + 1 };
}

const TASKS: readonly Task[] = ['regression', 'two classes', 'five classes'];

describe('lossSpike on tiny batches', () => {
  beforeAll(() => useBackend('cpu'));

  describe.each(TASKS)('%s', (task) => {
    it.each([1, 2, 4])('says nothing of three runs that are well, with batches of %i', async (batchSize) => {
      for (const seed of [1, 2, 3]) {
        expect((await alertsOfRun({ task, batchSize, seed })).begins).toEqual([]);
      }
    });
  });

  it.each([1, 2, 4])('tells of one bad batch of %i', async (batchSize) => {
    const spoil = (target: number) => 60 * (target + 1);
    const { begins, badStep } = await alertsOfRun({ task: 'regression', batchSize, seed: 1, spoil });
    expect(begins[0]).toMatchObject({ step: badStep });
  });

  it.each(['regression', 'five classes'] as const)('tells of a rate that has jumped: %s', async (task) => {
    const { begins, badStep } = await alertsOfRun({
      task,
      batchSize: 2,
      seed: 1,
      optimizer: () => tf.train.sgd(0.01),
      rate: 3,
    });
    expect(begins[0]!.step - badStep).toBeGreaterThanOrEqual(0);
    expect(begins[0]!.step - badStep).toBeLessThan(10);
  });
});

describe('lossSpike knows a run', () => {
  const run = (examples: number, losses: readonly number[]) =>
    brief(
      alertsOf(
        losses.map((loss, i) => event('step-end', { step: i + 1, loss, examples })),
        lossSpike(),
      ),
    );
  const flat = (steps: number) => Array<number>(steps).fill(1);

  it.each([
    ['after a step of 64 examples', 64, 1],
    ['after two of 32', 32, 2],
    ['after sixteen of 4', 4, 16],
    ['after 32 of 1', 1, 32],
    ['after eight of which no one knows', Number.NaN, 8],
  ])('%s', (_name, examples, steps) => {
    expect(run(examples, [...flat(steps - 1), 9])).toEqual([]);
    expect(run(examples, [...flat(steps), 9])).toEqual([`begin warning ${steps + 1}-${steps + 1}`]);
  });

  it('holds a rise against those before it', () => {
    const noisy = Array.from({ length: 60 }, (_, i) => (i % 10 === 9 ? 2.9 : 1));
    expect(run(64, [...noisy, 6.5])).toEqual([]);
    expect(run(64, [...noisy, 7.5])).toEqual(['begin warning 61-61']);
  });

  it('is not blinded by the rises of a run that diverges slowly', () => {
    const diverging = Array.from({ length: 20 }, (_, i) => 1.4 ** (i + 1));
    expect(run(64, [...flat(60), ...diverging])).toHaveLength(1);
  });
});
