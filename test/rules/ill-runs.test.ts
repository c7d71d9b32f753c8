import * as tf from '@tensorflow/tfjs';
import type { OperatorFunction } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AlertEvent,
  allZero,
  deadRelu,
  defaultRules,
  everySteps,
  explodingUpdates,
  gradientNormJump,
  lossNotDecreasing,
  lossSpike,
  nonFinite,
  overfit,
  overtraining,
  parameterUpdates,
  poorInitialization,
  saturatedActivation,
  stalledTraining,
  type TrainingEvent,
  tensorLeak,
  unchangedParameter,
  updateRatioBand,
  vanishingGradients,
} from '../../src/index.js';
import { activations, instrument } from '../../src/tfjs.js';
import { held, useBackend } from '../helpers/backend.js';

/** What an ill run loses: disposed when it has been judged. */
const leaked: tf.Tensor[] = [];

type Rule = OperatorFunction<TrainingEvent, AlertEvent>;

interface Batch {
  readonly x: tf.Tensor2D;
  readonly y: tf.Tensor2D;
}

interface Setting {
  readonly model?: () => tf.Sequential;
  readonly optimizer?: () => tf.Optimizer;
  readonly steps?: number;
  /** Train by `fit`, with a validation set, for so many epochs. */
  readonly epochs?: { readonly count: number; readonly examples: number; readonly noise: number };
  /** Observe every weight, trained or not. */
  readonly allWeights?: boolean;
  /** The batch of a step, from 1. What it gives anew is disposed. */
  readonly batch?: (step: number, usual: Batch) => Batch;
  readonly beforeStep?: (step: number) => void;
}

const glorot = (seed: number) => tf.initializers.glorotUniform({ seed });

function mlp(hidden: Partial<Parameters<typeof tf.layers.dense>[0]> = {}): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [4],
        units: 16,
        activation: 'relu',
        name: 'hidden',
        kernelInitializer: glorot(1),
        ...hidden,
      }),
      tf.layers.dense({ units: 1, name: 'head', kernelInitializer: glorot(2) }),
    ],
  });
}

function deep(activation: 'sigmoid' | 'tanh'): tf.Sequential {
  const model = tf.sequential();
  for (let i = 0; i < 20; i++) {
    const shape = i === 0 ? { inputShape: [4] } : {};
    const kernelInitializer = glorot(i);
    model.add(tf.layers.dense({ ...shape, units: 8, activation, name: `hidden${i}`, kernelInitializer }));
  }
  model.add(tf.layers.dense({ units: 1, name: 'head', kernelInitializer: glorot(99) }));
  return model;
}

/** A regression that a small MLP learns. */
function data(examples: number, noise: number, seed: number): Batch {
  const x = tf.randomNormal<tf.Rank.R2>([examples, 4], 0, 1, 'float32', seed);
  const y = tf.tidy(() => {
    const [a, b] = [x.slice([0, 0], [-1, 1]), x.slice([0, 1], [-1, 1])];
    return a
      .square()
      .add(b)
      .mul(1 - noise)
      .add(tf.randomNormal([examples, 1], 0, noise, 'float32', seed + 1)) as tf.Tensor2D;
  });
  return { x, y };
}

/** What a rule says of a run; nothing may leak, and nothing fail. */
async function alertsOf(rule: (model: tf.Sequential) => Rule, setting: Setting = {}): Promise<AlertEvent[]> {
  const atFirst = held();
  const model = setting.model?.() ?? mlp();
  const optimizer = setting.optimizer?.() ?? tf.train.adam(1e-2);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const parameters = model.weights.map((weight) => ({
    name: weight.originalName,
    variable: weight.read() as tf.Variable,
  }));
  const training = instrument(model, setting.allWeights ? { parameters } : {});
  const alerts: AlertEvent[] = [];
  training.report(training.events$.pipe(rule(model)));
  training.events$.subscribe((event) => {
    if (event.type === 'alert') alerts.push(event);
  });
  if (setting.epochs) await byFit(model, training.callbacks(), setting.epochs);
  else await stepByStep(model, setting);
  expect(await training.close()).toEqual([]);
  tf.dispose(leaked.splice(0));
  model.dispose();
  optimizer.dispose();
  expect(held()).toEqual(atFirst);
  return alerts;
}

async function stepByStep(model: tf.Sequential, { steps = 20, batch, beforeStep }: Setting): Promise<void> {
  const usual = data(32, 0, 7);
  for (let step = 1; step <= steps; step++) {
    beforeStep?.(step);
    const { x, y } = batch?.(step, usual) ?? usual;
    await model.trainOnBatch(x, y);
    for (const tensor of [x, y]) if (tensor !== usual.x && tensor !== usual.y) tensor.dispose();
  }
  tf.dispose([usual.x, usual.y]);
}

async function byFit(
  model: tf.Sequential,
  callbacks: ReturnType<ReturnType<typeof instrument>['callbacks']>,
  { count, examples, noise }: NonNullable<Setting['epochs']>,
): Promise<void> {
  const train = data(examples, noise, 3);
  const validation = data(64, noise, 5);
  const validationData: [tf.Tensor, tf.Tensor] = [validation.x, validation.y];
  await model.fit(train.x, train.y, {
    epochs: count,
    batchSize: 16,
    verbose: 0,
    validationData,
    callbacks,
    shuffle: false,
  });
  tf.dispose([train.x, train.y, validation.x, validation.y]);
}

const STATISTICS = [
  'updateNorm',
  'weightNorm',
  'updateRatio',
  'gradientNorm',
  'unchanged',
  'nonFinite',
  'meanAbsRatio',
  'stdRatio',
] as const;
type Updates =
  ReturnType<typeof parameterUpdates<(typeof STATISTICS)[number]>> extends OperatorFunction<never, infer U> ? U : never;

const onUpdates = (rule: OperatorFunction<Updates, AlertEvent>) => (): Rule => (events$) =>
  events$.pipe(parameterUpdates({ statistics: STATISTICS }), rule);
const onActivations =
  (rule: ReturnType<typeof deadRelu>) =>
  (model: tf.Sequential): Rule =>
  (events$) =>
    events$.pipe(activations(model, { when: everySteps(1) }), rule);

const spiked = (at: number) => (step: number, usual: Batch) =>
  step === at ? { x: usual.x, y: usual.y.mul(30) as tf.Tensor2D } : usual;
const filled = (at: number, value: number) => (step: number, usual: Batch) =>
  step === at ? { x: tf.fill([32, 4], value) as tf.Tensor2D, y: usual.y } : usual;
const deadModel = () => mlp({ biasInitializer: tf.initializers.constant({ value: -100 }) });

let ring = () => {};
const stalls = stalledTraining({
  afterMs: 1000,
  timer: (work) => {
    ring = work;
    return () => {
      ring = () => {};
    };
  },
});

interface IllRun {
  readonly trouble: string;
  readonly rule: (model: tf.Sequential) => Rule;
  readonly ill: Setting;
  readonly well?: Setting;
  /** What is expected of the first alert. */
  readonly parameter?: string;
  readonly parameters?: readonly string[];
  readonly by: number;
  readonly firstStep?: number;
}

const RUNS: readonly IllRun[] = [
  {
    trouble: 'dead ReLUs by a large negative bias',
    rule: onActivations(deadRelu()),
    ill: { model: deadModel },
    parameter: 'hidden',
    by: 3,
    firstStep: 1,
  },
  {
    trouble: 'updates that explode at a rate of 10',
    rule: onUpdates(explodingUpdates()),
    ill: { optimizer: () => tf.train.sgd(10) },
    parameter: 'hidden/kernel',
    by: 3,
    firstStep: 1,
  },
  {
    trouble: 'gradients that vanish in twenty sigmoid layers',
    rule: onUpdates(vanishingGradients()),
    ill: { model: () => deep('sigmoid'), steps: 5 },
    well: { model: () => deep('tanh'), steps: 5, optimizer: () => tf.train.adam(1e-3) },
    parameter: 'hidden0',
    by: 3,
    firstStep: 1,
  },
  {
    trouble: 'a signal that is lost in twenty sigmoid layers',
    rule: onActivations(poorInitialization()),
    ill: { model: () => deep('sigmoid'), steps: 5 },
    well: { model: () => deep('tanh'), steps: 5, optimizer: () => tf.train.adam(1e-3) },
    parameter: 'hidden3',
    by: 3,
  },
  {
    trouble: 'a frozen layer',
    rule: onUpdates(unchangedParameter()),
    ill: { model: () => mlp({ trainable: false }), allWeights: true },
    well: { allWeights: true },
    parameter: 'hidden/kernel',
    parameters: ['hidden/kernel', 'hidden/bias'],
    by: 3,
    firstStep: 1,
  },
  {
    trouble: 'a batch of NaN',
    rule: onUpdates(nonFinite()),
    ill: { batch: filled(5, Number.NaN) },
    parameter: 'hidden/kernel',
    by: 5,
    firstStep: 5,
  },
  {
    trouble: 'a batch that makes the loss spike',
    rule: () => lossSpike(),
    ill: { batch: spiked(15) },
    by: 15,
    firstStep: 15,
  },
  {
    trouble: 'a batch that makes the gradients jump',
    rule: onUpdates(gradientNormJump({ window: 10 })),
    ill: { batch: spiked(15) },
    by: 15,
    firstStep: 15,
  },
  {
    trouble: 'a plateau',
    rule: () => lossNotDecreasing({ steps: 2, patience: 5 }),
    ill: { optimizer: () => tf.train.adam(1e-12) },
    by: 20,
  },
  {
    trouble: 'too many parameters for a few noisy examples',
    rule: () => overfit(),
    ill: {
      epochs: { count: 30, examples: 16, noise: 0.9 },
      model: () => mlp({ units: 64 }),
      optimizer: () => tf.train.adam(3e-2),
    },
    well: { epochs: { count: 10, examples: 128, noise: 0 } },
    by: 30,
  },
  {
    trouble: 'epochs that gain nothing',
    rule: () => overtraining(),
    ill: { epochs: { count: 12, examples: 16, noise: 0 }, optimizer: () => tf.train.adam(1e-9) },
    well: { epochs: { count: 12, examples: 128, noise: 0 } },
    by: 11,
  },
  {
    trouble: 'a tensor that is lost at every step',
    rule: () => tensorLeak(),
    ill: { beforeStep: () => void leaked.push(tf.scalar(1)), steps: 15 },
    by: 12,
  },
  {
    trouble: 'a loop that stalls',
    rule: () => stalls,
    ill: {
      beforeStep: (step) => {
        if (step === 10) ring();
      },
    },
    by: 9,
    firstStep: 9,
  },
  {
    trouble: 'a network of zeros',
    rule: onUpdates(allZero()),
    ill: { model: () => mlp({ kernelInitializer: 'zeros' }) },
    parameter: 'hidden/kernel',
    by: 3,
    firstStep: 1,
  },
  {
    trouble: 'weights so large that tanh is flat',
    rule: onActivations(saturatedActivation()),
    ill: {
      model: () =>
        mlp({ activation: 'tanh', kernelInitializer: tf.initializers.randomNormal({ stddev: 1000, seed: 1 }) }),
    },
    well: { model: () => mlp({ activation: 'tanh' }) },
    parameter: 'hidden',
    by: 3,
    firstStep: 1,
  },
  {
    trouble: 'a rate that moves next to nothing',
    rule: onUpdates(updateRatioBand({ warn: [1e-5, 1] })),
    ill: { optimizer: () => tf.train.sgd(1e-9) },
    well: { model: () => mlp({ biasInitializer: 'ones' }), optimizer: () => tf.train.adam(1e-3) },
    parameter: 'hidden/kernel',
    by: 3,
    firstStep: 1,
  },
];

beforeAll(() => useBackend('cpu'));

describe.each(RUNS)('a run with $trouble', ({ rule, ill, well = {}, parameter, parameters, by, firstStep }) => {
  it('is told of once, in time, with the right name', async () => {
    const alerts = await alertsOf(rule, ill);
    const [first, ...others] = alerts.filter(({ phase }) => phase === 'begin');
    expect(first).toBeDefined();
    expect(first!.step).toBeLessThanOrEqual(by);
    expect(first!.parameter).toBe(parameter);
    if (parameters) expect(first!.parameters).toEqual(parameters);
    if (firstStep !== undefined) expect(first!.firstStep).toBe(firstStep);
    expect(others.filter((other) => other.parameter === first!.parameter)).toEqual([]);
  });

  it('has a healthy twin of which nothing is said', async () => {
    expect(await alertsOf(rule, well)).toEqual([]);
  });
});

describe('defaultRules', () => {
  it('keeps quiet about a run that is well', async () => {
    expect(await alertsOf((model) => defaultRules({ activations: activations(model) }), { steps: 60 })).toEqual([]);
  });
});
