import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveArguments, warmupUpdates } from '../../src/trainer/arguments/resolve-arguments.js';
import { EarlyStopping, type ForwardModel, Trainer, type TrainingArguments } from '../../src/trainer.js';
import { useBackend } from '../helpers/backend.js';
import { points, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

describe('training arguments', () => {
  it("have Hugging Face's defaults", () => {
    expect(resolveArguments()).toEqual({
      outputDir: 'trainer_output',
      runName: 'trainer_output',
      perDeviceTrainBatchSize: 8,
      perDeviceEvalBatchSize: 8,
      gradientAccumulationSteps: 1,
      numTrainEpochs: 3,
      maxSteps: -1,
      learningRate: 5e-5,
      lrSchedulerType: 'linear',
      warmupSteps: 0,
      optim: 'adamw',
      weightDecay: 0,
      adamBeta1: 0.9,
      adamBeta2: 0.999,
      adamEpsilon: 1e-8,
      maxGradNorm: 1,
      labelSmoothingFactor: 0,
      evalStrategy: 'no',
      evalSteps: 500,
      evalDelay: 0,
      evalOnStart: false,
      predictionLossOnly: false,
      loggingStrategy: 'steps',
      loggingSteps: 500,
      loggingFirstStep: false,
      loggingNanInfFilter: true,
      includeNumInputTokensSeen: 'no',
      disableTqdm: false,
      saveStrategy: 'steps',
      saveSteps: 500,
      saveOnlyModel: false,
      saveFailure: 'continue',
      loadBestModelAtEnd: false,
      greaterIsBetter: false,
      ignoreDataSkip: false,
      restoreCallbackStatesFromCheckpoint: false,
      trainSamplingStrategy: 'random',
      lengthColumnName: 'length',
      seed: 42,
      dataloaderDropLast: false,
    });
  });

  it.each<[string, TrainingArguments, object]>([
    ['evalSteps follows loggingSteps', { evalStrategy: 'steps', loggingSteps: 7 }, { evalSteps: 7 }],
    [
      'the metric is the loss where one is needed',
      { lrSchedulerType: 'greedy', evalStrategy: 'epoch' },
      { metricForBestModel: 'loss', greaterIsBetter: false },
    ],
    ['greater is better, unless it is a loss', { metricForBestModel: 'accuracy' }, { greaterIsBetter: true }],
    ['…by its name', { metricForBestModel: 'eval_other_loss' }, { greaterIsBetter: false }],
    ['…unless it is said', { metricForBestModel: 'error', greaterIsBetter: false }, { greaterIsBetter: false }],
    ['the run is named like its folder', { outputDir: './runs/first/' }, { runName: 'first' }],
    ['warmupRatio is warmupSteps below 1', { warmupRatio: 0.25 }, { warmupSteps: 0.25 }],
    ['an argument that is undefined is not given', { seed: undefined } as unknown as TrainingArguments, { seed: 42 }],
  ])('%s', (_name, args, expected) => {
    expect(resolveArguments(args)).toMatchObject(expected);
  });

  it.each([
    [{ warmupSteps: 0.1 }, 95, 10],
    [{ warmupSteps: 12 }, 95, 12],
    [{ warmupSteps: 1 }, 95, 1],
    [{ warmupRatio: 1 }, 95, 95],
    [{}, 95, 0],
  ])('%o of %i steps warm up for %i', (args, maxSteps, expected) => {
    expect(warmupUpdates(resolveArguments(args), maxSteps)).toBe(expected);
  });

  it.each<[object, string]>([
    [
      { learningrate: 1 },
      'args: expected arguments of TrainingArguments, got "learningrate"; did you mean "learningRate"?',
    ],
    [{ learningRate: -1 }, 'learningRate: expected a number of at least 0, got -1'],
    [{ perDeviceTrainBatchSize: 0 }, 'perDeviceTrainBatchSize: expected a positive integer, got 0'],
    [{ gradientAccumulationSteps: 1.5 }, 'gradientAccumulationSteps: expected a positive integer, got 1.5'],
    [{ numTrainEpochs: 0 }, 'numTrainEpochs: expected a number above 0, got 0'],
    [{ maxSteps: 1.5 }, 'maxSteps: expected a whole number, −1 for none, got 1.5'],
    [{ labelSmoothingFactor: 1 }, 'labelSmoothingFactor: expected 0 to below 1, got 1'],
    [{ seed: 1.5 }, 'seed: expected a whole number, got 1.5'],
    [{ warmupSteps: -1 }, 'warmupSteps: expected a number of at least 0, got -1'],
    [
      { includeNumInputTokensSeen: 'some' },
      'includeNumInputTokensSeen: expected one of no, all, non_padding; got "some"',
    ],
    [{ warmupRatio: 2 }, 'warmupRatio: expected 0…1, got 2'],
    [{ warmupRatio: 0.1, warmupSteps: 5 }, 'warmupRatio: expected none besides warmupSteps 5, got 0.1'],
    [{ optim: 'sgd' }, 'optim: expected one of adamw; got "sgd"'],
    [{ lrSchedulerType: 'cosin' }, 'got "cosin"; did you mean "cosine"?'],
    [{ evalStrategy: 'epochs' }, 'evalStrategy: expected one of no, steps, epoch; got "epochs"; did you mean "epoch"?'],
    [{ saveStrategy: 'last' }, 'saveStrategy: expected one of no, steps, epoch, best; got "last"'],
    [{ loggingSteps: 0 }, 'loggingSteps: expected a whole number of steps, or a share of them below 1, got 0'],
    [{ saveSteps: 2.5 }, 'saveSteps: expected a whole number of steps, or a share of them below 1, got 2.5'],
    [{ saveTotalLimit: 0 }, 'saveTotalLimit: expected a positive integer, got 0'],
    [{ saveStrategy: 'best', evalStrategy: 'epoch' }, 'metricForBestModel: expected a metric with saveStrategy "best"'],
    [
      { saveStrategy: 'best', metricForBestModel: 'loss' },
      'evalStrategy: expected steps or epoch with saveStrategy "best", got "no"',
    ],
    [
      { lrSchedulerType: 'reduce_lr_on_plateau' },
      'evalStrategy: expected steps or epoch with lrSchedulerType "reduce_lr_on_plateau"',
    ],
    [
      { loadBestModelAtEnd: true, evalStrategy: 'epoch' },
      'loadBestModelAtEnd: expected saveStrategy and evalStrategy to match, got "steps" and "epoch"; set both the same, or saveStrategy to "best"',
    ],
    [
      { loadBestModelAtEnd: true, evalStrategy: 'steps', evalSteps: 200 },
      'saveSteps: expected a multiple of evalSteps 200 with loadBestModelAtEnd, got 500',
    ],
    [
      { loadBestModelAtEnd: true, evalStrategy: 'steps', evalSteps: 0.1 },
      'which one share and one number of steps cannot promise, got 500',
    ],
    [
      { loadBestModelAtEnd: true, saveStrategy: 'no' },
      'loadBestModelAtEnd: expected an evaluation to choose by, got evalStrategy "no"',
    ],
  ])('refuses %o', (args, message) => {
    expect(() => resolveArguments(args as TrainingArguments)).toThrow(message);
  });

  it('lets intervals be shares of each other', () => {
    const args = { loadBestModelAtEnd: true, evalStrategy: 'steps', evalSteps: 0.1, saveSteps: 0.3 } as const;
    expect(resolveArguments(args)).toMatchObject({ evalSteps: 0.1, saveSteps: 0.3 });
  });
});

describe('a Trainer refuses', () => {
  const model: ForwardModel = { parameters: () => [], forward: () => tf.zeros([1, 2]) };
  const dense = () => tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });

  it.each<[string, () => unknown, string]>([
    [
      'what is no model',
      () => new Trainer({ model: {} as never }),
      'model: expected a tf.LayersModel, or an object with parameters() and forward(), got an object of class Object',
    ],
    [
      'a LayersModel without a loss',
      () => new Trainer({ model: dense() }),
      'call model.compile({ optimizer, loss }), or give computeLoss',
    ],
    [
      'smoothing with a loss of its own',
      () => new Trainer({ model, computeLoss: () => tf.scalar(0), args: { labelSmoothingFactor: 0.1 } }),
      'labelSmoothingFactor: expected 0 with computeLoss',
    ],
    [
      'an evaluation without a dataset',
      () => new Trainer({ model, args: { evalStrategy: 'epoch' } }),
      'evalDataset: expected one with evalStrategy "epoch", got none; give one, or set evalStrategy to "no"',
    ],
    [
      'a callback that is none',
      () => new Trainer({ model, callbacks: [EarlyStopping as never] }),
      'callbacks[0]: expected an object with hooks, got a function',
    ],
    [
      'metrics that are no function',
      () => new Trainer({ model, computeMetrics: {} as never }),
      'computeMetrics: expected a function { predictions, labels } → metrics',
    ],
    [
      'an early stop without patience',
      () => new EarlyStopping({ patience: 0 }),
      'patience: expected a whole number of at least 1, got 0',
    ],
  ])('%s', (_name, make, message) => {
    expect(make).toThrow(message);
  });

  it.each<[string, Parameters<typeof tinyTrainer>, string]>([
    ['no dataset', [{}, { trainDataset: undefined as never }], 'trainDataset: expected one to train on, got none'],
    [
      'what is no dataset',
      [{}, { trainDataset: 5 as never }],
      'trainDataset: expected an array, an object with length and get(index)',
    ],
    ['an empty dataset', [{}, { trainDataset: [] }], 'trainDataset: expected at least one batch, got 0 examples'],
    [
      'a dataset without a length or maxSteps',
      [{}, { trainDataset: endless() }],
      'maxSteps: expected a number above 0 with a trainDataset whose length is not known before',
    ],
    [
      'examples that are no records',
      [{}, { trainDataset: [1, 1] as never }],
      'dataCollator: expected one for examples that are no records, got none for 1',
    ],
    [
      'examples of several shapes',
      [
        {},
        {
          trainDataset: [
            { x: [1], label: 0 },
            { x: [1, 2], label: 0 },
          ],
        },
      ],
      'x: expected one shape in a batch, got [2], [1]; pad them to one length in a dataCollator',
    ],
    [
      'examples without labels',
      [{}, { trainDataset: points(2).map(({ x }) => ({ x })) as never }],
      'labels: expected them in every batch, or a model or computeLoss that gives the loss; got x',
    ],
    [
      'early stopping without a metric',
      [{ evalStrategy: 'epoch' }, { callbacks: [new EarlyStopping()] }],
      'metricForBestModel: expected a metric with EarlyStopping',
    ],
    [
      'early stopping without an evaluation',
      [{ metricForBestModel: 'loss' }, { callbacks: [new EarlyStopping()] }],
      'evalStrategy: expected steps or epoch with EarlyStopping, got "no"',
    ],
    [
      'a metric that there is not',
      [{ evalStrategy: 'epoch', metricForBestModel: 'f1' }],
      `metricForBestModel: expected one of the evaluation's metrics eval_loss, eval_runtime`,
    ],
  ])('to train with %s', async (_name, [args, options], message) => {
    const { trainer, model } = tinyTrainer(args, options);
    const before = tf.memory().numTensors;
    await expect(trainer.train()).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});

function endless(): AsyncIterable<never> {
  return {
    async *[Symbol.asyncIterator]() {},
  };
}
