import { readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { confusionMatrix, type Metrics, overallAccuracy } from '../../src/index.js';
import { type ComputeLoss, IGNORED_LABEL, Trainer, type TrainerCallback } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import { newFolder, points, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

/** A clock that stands a second further at each look. */
function seconds(): () => number {
  let now = 0;
  return () => (now += 1000);
}

describe('an evaluation', () => {
  it('tells computeLoss the labels of its batch, so that a mean over tokens is one', async () => {
    const before = held();
    // Five rows of four labels, of which one is left out: each label that counts costs 3.
    const labels = [1, 0, 2, IGNORED_LABEL];
    const w = tf.tidy(() => tf.variable(tf.scalar(3)));
    const seen: number[] = [];
    const computeLoss: ComputeLoss = ({ logits }, batch, { numItemsInBatch }) => {
      seen.push(numItemsInBatch);
      const counted = tf.cast(tf.notEqual(batch.labels as tf.Tensor, IGNORED_LABEL), 'float32');
      return tf.div(tf.sum(tf.mul(counted, logits)), numItemsInBatch) as tf.Scalar;
    };
    const dataset = Array.from({ length: 5 }, () => ({ labels }));
    const trainer = new Trainer({
      model: {
        parameters: () => [{ name: 'w', variable: w }],
        forward: (batch) => tf.mul(tf.onesLike(tf.cast(batch.labels as tf.Tensor, 'float32')), w),
      },
      evalDataset: dataset,
      computeLoss,
      args: { perDeviceEvalBatchSize: 2, saveStrategy: 'no', disableTqdm: true },
    });
    const metrics = await trainer.evaluate();
    expect(seen).toEqual([6, 6, 3]);
    expect(metrics.eval_loss).toBeCloseTo(3, 6);
    w.dispose();
    expect(held()).toEqual(before);
  });

  it('gives its epoch, to the caller and to onEvaluate', async () => {
    const told: Metrics[] = [];
    const callbacks = [{ onEvaluate: ({ metrics }: { metrics: Metrics }) => void told.push(metrics) }];
    const { trainer, model, events } = tinyTrainer({ numTrainEpochs: 2, evalStrategy: 'epoch' }, { callbacks });
    await trainer.train();
    expect(told.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(await trainer.evaluate()).toMatchObject({ epoch: 2 });
    // The event has its own: among its metrics it would be drawn as one.
    for (const event of events) if (event.type === 'evaluate') expect(event.metrics).not.toHaveProperty('epoch');
    model.dispose();
  });

  it('carries the confusion matrix that computeMetrics makes, and a prediction does', async () => {
    const { trainer, model, events } = tinyTrainer(
      {},
      {
        computeMetrics: (prediction) => {
          const confusion = confusionMatrix(prediction);
          return { metrics: { accuracy: overallAccuracy(confusion) }, confusion };
        },
      },
    );
    const metrics = await trainer.evaluate();
    await trainer.predict(points(7));
    const found = events.flatMap((event) =>
      (event.type === 'evaluate' || event.type === 'predict') && event.confusion ? [event] : [],
    );
    expect(
      found.map(({ type, confusion }) => [type, confusion!.counts.flat().reduce((sum, count) => sum + count)]),
    ).toEqual([
      ['evaluate', 5],
      ['predict', 7],
    ]);
    expect(metrics.eval_accuracy).toBe(overallAccuracy(found[0]!.confusion!));
    // One that takes no measurable time has no speeds.
    const named = (of: object) => Object.keys(of).filter((name) => !name.endsWith('_per_second'));
    expect(named(metrics).sort()).toEqual(named(await trainer.evaluate()).sort());
    expect(metrics).not.toHaveProperty('eval_confusion');
    model.dispose();
  });

  it('leaves out a last batch that is smaller, with dataloaderDropLast', async () => {
    const args = { perDeviceEvalBatchSize: 2, dataloaderDropLast: true };
    const { trainer, model } = tinyTrainer(args, { computeMetrics: ({ labels }) => ({ rows: labels.shape[0]! }) });
    expect(await trainer.evaluate()).toMatchObject({ eval_rows: 4 });
    expect((await trainer.predict(points(7))).predictions.shape).toEqual([6, 3]);
    await expect(trainer.evaluate(points(1))).rejects.toThrow(
      'evalDataset: expected at least one batch of 2, with dataloaderDropLast, got 1 examples',
    );
    model.dispose();
  });
});

describe('the speed of a training', () => {
  it('is that of what was done, not of what was planned', async () => {
    const stopAtFour: TrainerCallback = {
      onStepEnd({ state, control }) {
        if (state.globalStep === 4) control.shouldTrainingStop = true;
      },
    };
    const { trainer, model } = tinyTrainer({ numTrainEpochs: 20 }, { callbacks: [stopAtFour], clock: seconds() });
    const { metrics } = await trainer.train();
    const { train_runtime: runtime, train_steps_per_second: steps, train_samples_per_second: samples } = metrics;
    expect([steps! * runtime!, samples! * runtime!].map(Math.round)).toEqual([4, 8]);
    model.dispose();
  });

  it('leaves out the steps of the checkpoint that it goes on from', async () => {
    const outputDir = newFolder();
    const args = { outputDir, saveStrategy: 'steps', saveSteps: 6, numTrainEpochs: 2 } as const;
    const first = tinyTrainer(args);
    await first.trainer.train();
    const { trainer, model } = tinyTrainer({ ...args, saveStrategy: 'no' }, { clock: seconds() });
    const { metrics } = await trainer.train({ resumeFromCheckpoint: `${outputDir}/checkpoint-6` });
    const { train_runtime: runtime, train_steps_per_second: steps, train_samples_per_second: samples } = metrics;
    expect([steps! * runtime!, samples! * runtime!].map(Math.round)).toEqual([4, 8]);
    for (const one of [first.model, model]) one.dispose();
  });
});

it('with a limit of one, only the best checkpoint is left, whether its weights are loaded or not', async () => {
  for (const loadBestModelAtEnd of [false, true]) {
    const scores = [0.2, 0.9, 0.3];
    let evaluation = 0;
    const outputDir = newFolder();
    const { trainer, model } = tinyTrainer(
      {
        ...{ outputDir, maxSteps: 3, saveStrategy: 'steps', saveSteps: 1, evalStrategy: 'steps', evalSteps: 1 },
        ...{ metricForBestModel: 'score', saveTotalLimit: 1, loadBestModelAtEnd },
      },
      { computeMetrics: () => ({ score: scores[evaluation++]! }) },
    );
    await trainer.train();
    expect(readdirSync(outputDir)).toEqual(['checkpoint-2']);
    model.dispose();
  }
});

it('label smoothing is refused where there are no classes to spread it over', async () => {
  const before = held();
  const w = tf.tidy(() => tf.variable(tf.ones([2, 1])));
  const cases: [(x: tf.Tensor2D) => tf.Tensor, unknown][] = [
    [(x) => tf.matMul(x, w as tf.Tensor2D), 0.5],
    [(x) => tf.mul(x, tf.reshape(w, [1, 2])), [0, 1]],
  ];
  for (const [forward, label] of cases) {
    const trainer = new Trainer({
      model: {
        parameters: () => [{ name: 'w', variable: w }],
        forward: (batch) => forward((batch as { x: tf.Tensor2D }).x),
      },
      trainDataset: [{ x: [0.5, 1], label }],
      args: { labelSmoothingFactor: 0.1, saveStrategy: 'no', disableTqdm: true },
    });
    await expect(trainer.train()).rejects.toThrow('labelSmoothingFactor: expected 0 with labels that are');
  }
  w.dispose();
  expect(held()).toEqual(before);
});

it('label smoothing is refused where the loss is the model’s own, of batches without labels', async () => {
  const before = held();
  const w = tf.tidy(() => tf.variable(tf.ones([2, 2])));
  const trainer = new Trainer({
    model: {
      parameters: () => [{ name: 'w', variable: w }],
      forward(batch) {
        const logits = tf.matMul((batch as { x: tf.Tensor2D }).x, w as tf.Tensor2D);
        return { logits, loss: tf.mean(logits) as tf.Scalar };
      },
    },
    trainDataset: [{ x: [0.5, 1] }],
    args: { labelSmoothingFactor: 0.1, saveStrategy: 'no', disableTqdm: true },
  });
  await expect(trainer.train()).rejects.toThrow(
    "labelSmoothingFactor: expected 0 with batches without labels, whose loss is the model's own, got 0.1; they have x",
  );
  w.dispose();
  expect(held()).toEqual(before);
});
