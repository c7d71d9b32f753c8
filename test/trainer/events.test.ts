import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type StepEndEvent, tensorLeak } from '../../src/index.js';
import type { TrainerCallback, TrainingArguments } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import { newFolder, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

const UPDATE = ['step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'];
const ACCUMULATED = ['step-begin', 'substep-end', 'pre-optimizer-step', 'optimizer-step', 'step-end'];
const EVALUATION = ['log', 'evaluate'];
const END = ['log', 'train-end'];

/** What a training of ten points in batches of two says, by its arguments. */
const SEQUENCES: readonly (readonly [string, TrainingArguments, readonly string[]])[] = [
  ['one epoch', { numTrainEpochs: 1 }, ['train-begin', 'epoch-begin', ...times(5, UPDATE), 'epoch-end', ...END]],
  [
    'accumulation by two: the last group is short',
    { numTrainEpochs: 1, gradientAccumulationSteps: 2 },
    ['train-begin', 'epoch-begin', ...times(2, ACCUMULATED), ...UPDATE, 'epoch-end', ...END],
  ],
  [
    'the last batch left out',
    { numTrainEpochs: 1, perDeviceTrainBatchSize: 4, dataloaderDropLast: true },
    ['train-begin', 'epoch-begin', ...times(2, UPDATE), 'epoch-end', ...END],
  ],
  [
    'so many steps, in the middle of the second epoch',
    { maxSteps: 7 },
    [
      ...['train-begin', 'epoch-begin', ...times(5, UPDATE), 'epoch-end'],
      ...['epoch-begin', ...times(2, UPDATE), 'epoch-end', ...END],
    ],
  ],
  ['half an epoch', { numTrainEpochs: 0.5 }, ['train-begin', 'epoch-begin', ...times(3, UPDATE), 'epoch-end', ...END]],
  [
    'logs every second step, and of the first',
    { maxSteps: 4, loggingSteps: 2, loggingFirstStep: true },
    [
      ...['train-begin', 'epoch-begin', ...UPDATE, 'log', ...UPDATE, 'log', ...UPDATE, ...UPDATE, 'log'],
      ...['epoch-end', ...END],
    ],
  ],
  [
    'a log an epoch',
    { numTrainEpochs: 2, perDeviceTrainBatchSize: 5, loggingStrategy: 'epoch' },
    ['train-begin', ...times(2, ['epoch-begin', ...UPDATE, ...UPDATE, 'epoch-end', 'log']), ...END],
  ],
  [
    'an evaluation before the first step and after each epoch',
    { numTrainEpochs: 2, perDeviceTrainBatchSize: 10, evalStrategy: 'epoch', evalOnStart: true },
    ['train-begin', ...EVALUATION, ...times(2, ['epoch-begin', ...UPDATE, 'epoch-end', ...EVALUATION]), ...END],
  ],
  [
    'evaluations and checkpoints by steps, and at the end',
    { maxSteps: 3, evalStrategy: 'steps', evalSteps: 2, saveStrategy: 'steps', saveSteps: 2 },
    [
      ...['train-begin', 'epoch-begin', ...UPDATE, ...UPDATE, ...EVALUATION, 'save'],
      ...[...UPDATE, ...EVALUATION, 'save', 'epoch-end', ...END],
    ],
  ],
  [
    'a checkpoint an epoch, after its evaluation',
    { numTrainEpochs: 2, perDeviceTrainBatchSize: 10, evalStrategy: 'epoch', saveStrategy: 'epoch' },
    ['train-begin', ...times(2, ['epoch-begin', ...UPDATE, 'epoch-end', ...EVALUATION, 'save']), ...END],
  ],
  [
    'no evaluation before its delay',
    { maxSteps: 4, evalStrategy: 'steps', evalSteps: 1, evalDelay: 3 },
    [
      ...['train-begin', 'epoch-begin', ...times(2, UPDATE), ...times(2, [...UPDATE, ...EVALUATION])],
      ...['epoch-end', ...END],
    ],
  ],
  [
    'intervals that are shares of all steps',
    { maxSteps: 10, loggingSteps: 0.5 },
    [
      ...['train-begin', 'epoch-begin', ...times(5, UPDATE), 'log', 'epoch-end'],
      ...['epoch-begin', ...times(5, UPDATE), 'log', 'epoch-end', ...END],
    ],
  ],
];

describe('the order of events', () => {
  it.each(SEQUENCES)('%s', async (_name, args, expected) => {
    const before = held();
    const heard: string[] = [];
    const { trainer, model, events } = tinyTrainer(
      { outputDir: newFolder(), ...args },
      { callbacks: [recorder(heard)] },
    );
    await trainer.train();
    await trainer.close();
    expect(events.map(({ type }) => type)).toEqual(expected);
    // Callbacks hear the same, and batches of evaluations besides.
    expect(heard.filter((hook) => hook !== 'prediction-step')).toEqual(['init-end', ...expected]);
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('says the arguments of the training when it begins', async () => {
    const { trainer, model, events } = tinyTrainer({
      outputDir: newFolder(),
      numTrainEpochs: 1,
      learningRate: 3e-4,
      lrSchedulerType: 'cosine_with_restarts',
      lrSchedulerKwargs: { numCycles: 2 },
    });
    await trainer.train();
    await trainer.close();
    const [begin] = events.filter((event) => event.type === 'train-begin');
    expect(begin?.config).toMatchObject({
      learningRate: 3e-4,
      numTrainEpochs: 1,
      lrSchedulerType: 'cosine_with_restarts',
      lrSchedulerKwargs: '{"numCycles":2}',
      seed: 42,
    });
    model.dispose();
  });

  it('counts steps and epochs as Hugging Face does', async () => {
    const { trainer, model, events } = tinyTrainer({ numTrainEpochs: 2, gradientAccumulationSteps: 2 });
    await trainer.train();
    expect(events.map(({ type, step, epoch }) => `${type} ${step} ${epoch}`).slice(0, 17)).toEqual([
      'train-begin 0 0',
      'epoch-begin 0 0',
      'step-begin 0 0',
      'substep-end 0 0',
      'pre-optimizer-step 0 0',
      'optimizer-step 0 0',
      'step-end 1 0.4',
      'step-begin 1 0.4',
      'substep-end 1 0.4',
      'pre-optimizer-step 1 0.4',
      'optimizer-step 1 0.4',
      'step-end 2 0.8',
      'step-begin 2 0.8',
      'pre-optimizer-step 2 0.8',
      'optimizer-step 2 0.8',
      'step-end 3 1',
      'epoch-end 3 1',
    ]);
    const ends = events.filter((event) => event.type === 'step-end');
    expect(ends.map(({ examples }) => examples)).toEqual([4, 4, 2, 4, 4, 2]);
    expect(trainer.state).toMatchObject({ globalStep: 6, maxSteps: 6, numTrainEpochs: 2, epoch: 2, trainBatchSize: 2 });
    model.dispose();
  });

  it('tells callbacks of every batch of an evaluation and a prediction', async () => {
    const heard: string[] = [];
    const { trainer, model, events } = tinyTrainer({ perDeviceEvalBatchSize: 2 }, { callbacks: [recorder(heard)] });
    await trainer.evaluate();
    await trainer.predict([{ x: [1, 0, 0, 0], label: 0 }]);
    const batch = 'prediction-step';
    expect(heard).toEqual(['init-end', batch, batch, batch, 'log', 'evaluate', batch, 'predict']);
    expect(events.map(({ type }) => type)).toEqual(['log', 'evaluate', 'predict']);
    model.dispose();
  });
});

function times(count: number, sequence: readonly string[]): string[] {
  return Array.from({ length: count }, () => sequence).flat();
}

/** Hears every hook, by the name of its event. */
function recorder(heard: string[]): TrainerCallback {
  const hooks = [
    ...['onInitEnd', 'onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onStepBegin', 'onPreOptimizerStep'],
    ...[
      'onOptimizerStep',
      'onSubstepEnd',
      'onStepEnd',
      'onEvaluate',
      'onPredict',
      'onSave',
      'onLog',
      'onPredictionStep',
    ],
  ];
  const nameOf = (hook: string) =>
    hook
      .slice(2)
      .replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`)
      .toLowerCase();
  return Object.fromEntries(hooks.map((hook) => [hook, () => void heard.push(nameOf(hook))]));
}

describe('the end of a step', () => {
  const endsOf = (events: readonly { readonly type: string }[]) =>
    events.filter((event): event is StepEndEvent => event.type === 'step-end');

  it('counts the tensors that are held, so that a leak is told', async () => {
    const { trainer, events } = tinyTrainer({ maxSteps: 12 });
    trainer.report(trainer.events$.pipe(tensorLeak({ steps: 5 })));
    await trainer.train();
    await trainer.close();
    expect(new Set(endsOf(events).map(({ numTensors }) => numTensors)).size).toBe(1);
    expect(events.filter(({ type }) => type === 'alert')).toEqual([]);

    const kept: tf.Tensor[] = [];
    const leaky = tinyTrainer({ maxSteps: 12 }, { callbacks: [{ onStepBegin: () => void kept.push(tf.scalar(1)) }] });
    leaky.trainer.report(leaky.trainer.events$.pipe(tensorLeak({ steps: 5 })));
    await leaky.trainer.train();
    await leaky.trainer.close();
    expect(leaky.events.filter(({ type }) => type === 'alert')).toMatchObject([
      { rule: 'tensor-leak', step: 6, value: 1 },
    ]);
    tf.dispose(kept);
  });

  it('has no more time of listeners than of its own, however slow they were between two steps', async () => {
    const { trainer, events } = tinyTrainer({ maxSteps: 3, loggingSteps: 1 });
    trainer.events$.subscribe(({ type }) => {
      const until = performance.now() + 20;
      while (type === 'log' && performance.now() < until);
    });
    await trainer.train();
    await trainer.close();
    for (const { observingMs, durationMs } of endsOf(events)) expect(observingMs).toBeLessThanOrEqual(durationMs);
  });
});
