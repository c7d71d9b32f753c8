import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CallbackContext,
  defaultCollator,
  type TrainDataset,
  type TrainerOptions,
  type TrainingArguments,
} from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { newFolder, points, tinyTrainer } from './tiny.js';

type Example = Readonly<Record<string, unknown>>;

interface Case {
  readonly dataset?: TrainDataset<Example>;
  readonly options?: Partial<TrainerOptions<Example>>;
  readonly args?: TrainingArguments;
}

const ACTS = ['train', 'evaluate', 'predict'] as const;
type Act = (typeof ACTS)[number];

const plain = (count = 6): Example[] => points(count).map((point) => ({ ...point }));

/** An example whose point is a tensor that is made now. */
function made({ x, label }: Example): Example {
  return { x: tf.tensor1d(x as number[], 'float32'), label };
}

/** As many make it: with another tensor on the way, which nobody disposes. */
function madeCarelessly({ x, label }: Example): Example {
  return { x: tf.tensor1d(x as number[], 'float32').mul(1), label };
}

const later = <T>(value: T, ms = 1): Promise<T> => new Promise((done) => setTimeout(() => done(value), ms));

const fails = (): never => {
  throw new Error('it fails');
};

function iterable(examples: () => AsyncGenerator<Example>): AsyncIterable<Example> {
  return { [Symbol.asyncIterator]: examples };
}

const throughGet = (get: (index: number) => Example | Promise<Example>) => ({ length: 6, get });

/** What is thrown where it is not `fails`. */
const MESSAGES: Readonly<Record<string, string>> = {
  'a label that is no class': 'labels: expected classes 0 to 2',
  'labels of another shape': 'labels: expected one a row',
  'a second field of different shapes': 'y: expected one shape in a batch',
  'a second field of texts': 'y: expected numbers',
  'a second field of a field': 'b: expected numbers',
  'a collator of whose result the model makes nothing': 'Error: ',
  'an iterable whose examples cannot be collated': 'y: expected numbers',
  'a get() whose examples cannot be collated': 'y: expected numbers',
  'a get() that gives what it has given before, disposed': 'to give tensors that live, got one that is disposed',
  'a model that gives no tensor': 'undefined',
  'a batch without labels': 'labels: expected them in every batch',
  'a loss that is no scalar': 'loss: expected one number',
  'tokens that cannot be counted': 'includeNumInputTokensSeen: expected',
  'lengths that cannot be told': 'trainSamplingStrategy: expected a number',
};

/** Whatever can throw on the way of the data, whether it is trained on, evaluated or predicted. */
const OF_THE_DATA: Readonly<Record<string, () => Case>> = {
  'a label that is no class': () => ({ dataset: plain().map((one, i) => (i === 3 ? { ...one, label: 9 } : one)) }),
  'labels of another shape': () => ({ dataset: plain().map((one) => ({ ...one, label: [1, 0, 1, 0, 0] })) }),
  'a second field of different shapes': () => ({
    dataset: plain().map((one, i) => ({ ...one, y: new Array(i + 1).fill(0) })),
  }),
  'a second field of texts': () => ({ dataset: plain().map((one) => ({ ...one, y: 'text' })) }),
  'a second field of a field': () => ({ dataset: plain().map((one) => ({ ...one, y: { a: [1], b: 'text' } })) }),
  'a collator that throws after its first tensor': () => ({
    options: { dataCollator: () => ({ x: tf.ones([2, 4]), labels: fails() }) },
  }),
  'a collator of whose result the model makes nothing': () => ({
    options: { dataCollator: () => ({ x: tf.ones([2, 3]).add(1), labels: tf.zeros([2], 'int32') }) },
  }),
  'an iterable that throws in the middle of a batch': () => ({
    dataset: iterable(async function* () {
      for (const one of plain(3)) yield made(one);
      fails();
    }),
  }),
  'an iterable that throws after making a tensor': () => ({
    dataset: iterable(async function* () {
      for (const one of plain(3)) yield made(one);
      tf.ones([2]);
      fails();
    }),
  }),
  'an iterator whose next() throws at once': () => ({
    dataset: { [Symbol.asyncIterator]: () => ({ next: () => fails() }) },
  }),
  'an iterable whose examples cannot be collated': () => ({
    dataset: iterable(async function* () {
      for (const one of plain()) yield { ...made(one), y: 'text' };
    }),
  }),
  'a tf.data.Dataset whose map throws': () => ({
    dataset: tf.data
      .array(plain() as never[])
      .map((one: Example) => (one.label === plain()[3]!.label ? fails() : (made(one) as never))) as never,
  }),
  'a get() that throws after making tensors': () => ({
    dataset: throughGet((index) =>
      index === 3 ? [madeCarelessly(plain()[3]!), fails()][0]! : madeCarelessly(plain()[index]!),
    ),
  }),
  'a get() of which one of several is rejected': () => ({
    dataset: throughGet(async (index) => ((await later(index)) === 3 ? fails() : made(plain()[index]!))),
  }),
  'a get() of which one is rejected before the others come': () => ({
    dataset: throughGet(async (index) => {
      const early = madeCarelessly(plain()[index]!);
      if (index === 2) fails();
      await later(0, 5);
      return { ...early, z: tf.ones([1]) };
    }),
  }),
  'a get() that throws at once while others are on their way': () => ({
    dataset: throughGet((index) => (index === 3 ? fails() : later(0, 5).then(() => made(plain()[index]!)))),
  }),
  'a get() whose examples cannot be collated': () => ({
    dataset: throughGet((index) => ({ ...made(plain()[index]!), y: 'text' })),
  }),
  'a get() that gives what it has given before, disposed': () => {
    const cache: Example[] = [];
    return { dataset: throughGet((index) => (cache[index % 2] ??= made(plain()[index]!))) };
  },
  'a model that throws': () => ({ options: { model: modelThat(fails) } }),
  'a model that gives no tensor': () => ({ options: { model: modelThat(() => undefined as never) } }),
  'a loss that throws': () => ({ options: { computeLoss: ({ logits }) => fails() || logits.sum() } }),
};

/** Whatever else ends one of the three. */
const OF_ONE: readonly (readonly [Act, string, () => Case])[] = [
  ['evaluate', 'metrics that throw', () => ({ options: { computeMetrics: fails } })],
  ['predict', 'metrics that throw', () => ({ options: { computeMetrics: fails } })],
  [
    'train',
    'metrics that throw',
    () => ({ options: { computeMetrics: fails }, args: { evalStrategy: 'steps', evalSteps: 2 } }),
  ],
  ['train', 'a batch without labels', () => ({ dataset: plain().map(({ x }) => ({ x })) })],
  ['train', 'a loss that is no scalar', () => ({ options: { computeLoss: ({ logits }) => logits as never } })],
  ['train', 'tokens that cannot be counted', () => ({ args: { includeNumInputTokensSeen: true } })],
  [
    'train',
    'lengths that cannot be told',
    () => ({
      dataset: throughGet((i) => made(plain()[i]!)),
      args: { trainSamplingStrategy: 'group_by_length' } as never,
    }),
  ],
  ['train', 'an optimizer that throws', () => ({ options: { optimizer: optimizerThatThrows() } })],
  ['evaluate', 'a callback that throws', () => ({ options: { callbacks: [{ onPredictionStep: fails }] } })],
  ['predict', 'a callback that throws', () => ({ options: { callbacks: [{ onPredictionStep: fails }] } })],
  ['predict', 'a callback that throws at the end', () => ({ options: { callbacks: [{ onPredict: fails }] } })],
  ['evaluate', 'a callback that throws at the end', () => ({ options: { callbacks: [{ onEvaluate: fails }] } })],
  [
    'train',
    'a callback that throws between micro-batches',
    () => ({ dataset: throughGet((i) => made(plain()[i]!)), options: { callbacks: [{ onSubstepEnd: fails }] } }),
  ],
  [
    'train',
    'a callback that throws before the optimizer',
    () => ({ dataset: throughGet((i) => made(plain()[i]!)), options: { callbacks: [{ onPreOptimizerStep: fails }] } }),
  ],
];

/** Whatever makes tensors, and does not throw. */
const THAT_END_WELL: Readonly<Record<string, () => Case>> = {
  'a get() that makes tensors': () => ({ dataset: throughGet((index) => madeCarelessly(plain()[index]!)) }),
  'a get() that promises tensors': () => ({
    dataset: throughGet(async (index) => {
      await later(0);
      return made(plain()[index]!);
    }),
  }),
  'an iterable that makes tensors': () => ({
    dataset: iterable(async function* () {
      for (const one of plain()) yield made(one);
    }),
  }),
  'a collator that gives an example as it is': () => ({
    dataset: throughGet((index) => ({ x: tf.tensor2d([plain()[index]!.x as number[]]), labels: [index % 3] })),
    options: { dataCollator: ([one]) => one! },
    args: { perDeviceTrainBatchSize: 1, perDeviceEvalBatchSize: 1 },
  }),
  'a collator that makes more than it gives': () => ({
    options: {
      dataCollator: (examples) => ({ ...defaultCollator(examples), x: tf.ones([examples.length, 4]).mul(2) }),
    },
  }),
};

function modelThat(forward: () => tf.Tensor) {
  // Its variable is made when it is asked for first, and goes with the model of the test.
  let kernel: tf.Variable | undefined;
  let passes = 0;
  return {
    parameters: () => [{ name: 'kernel', variable: kernelOf() }],
    forward: (batch: object) => {
      const logits = tf.matMul((batch as { x: tf.Tensor2D }).x, kernelOf() as tf.Tensor2D);
      return ++passes === 2 ? forward() : logits;
    },
    dispose: () => kernel?.dispose(),
  };

  function kernelOf(): tf.Variable {
    kernel ??= tf.tidy(() => tf.variable(tf.ones([4, 3])));
    return kernel;
  }
}

function optimizerThatThrows(): tf.Optimizer {
  const optimizer = tf.train.sgd(0.1);
  optimizer.applyGradients = (gradients) => {
    for (const gradient of Object.values(gradients as tf.NamedTensorMap)) gradient.mul(2);
    fails();
  };
  return optimizer;
}

/** What a call throws, if it does; and checks that no tensor came or went. */
async function run(act: Act, make: () => Case): Promise<unknown> {
  const before = held();
  const { dataset = plain(), options = {}, args = {} } = make();
  const { trainer, model } = tinyTrainer(
    { perDeviceTrainBatchSize: 2, perDeviceEvalBatchSize: 2, gradientAccumulationSteps: 2, maxSteps: 4, ...args },
    { trainDataset: dataset as never, evalDataset: dataset as never, ...(options as object) },
  );
  const failure = await (act === 'train' ? trainer.train() : trainer[act](dataset as never)).then(
    () => undefined,
    (error) => error,
  );
  await trainer.close();
  model.dispose();
  (options.model as { dispose?: () => void } | undefined)?.dispose?.();
  options.optimizer?.dispose();
  expect(held()).toEqual(before);
  return failure;
}

describe.each(BACKENDS)('no tensor stays on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(ACTS)('in %s(), with', (act) => {
    it.each(Object.entries(OF_THE_DATA))('%s', async (name, make) => {
      expect(String(await run(act, make))).toContain(MESSAGES[name] ?? 'Error: it fails');
    });

    it.each(Object.entries(THAT_END_WELL))('%s', async (_name, make) => {
      expect(await run(act, make)).toBeUndefined();
    });
  });

  it.each(OF_ONE)('in %s(), with %s', async (act, name, make) => {
    expect(String(await run(act, make))).toContain(MESSAGES[name] ?? 'Error: it fails');
  });

  it('where the training is stopped between micro-batches, and where it is resumed', async () => {
    const outputDir = newFolder();
    const dataset = throughGet((index) => made(plain()[index]!));
    const args = { outputDir, saveStrategy: 'steps', saveSteps: 1, perDeviceTrainBatchSize: 1 } as const;
    const stop = {
      onSubstepEnd: ({ state, control }: CallbackContext) => {
        if (state.globalStep === 2) control.shouldTrainingStop = true;
      },
    };
    expect(await run('train', () => ({ dataset, args, options: { callbacks: [stop] } }))).toBeUndefined();
    for (const one of [
      dataset,
      iterable(async function* () {
        for (const each of plain()) yield made(each);
      }),
    ]) {
      const resumed = {
        ...args,
        resumeFromCheckpoint: `${outputDir}/checkpoint-2`,
        maxSteps: 4,
        saveStrategy: 'no',
      } as const;
      expect(await run('train', () => ({ dataset: one, args: resumed }))).toBeUndefined();
    }
  });
});

describe("the caller's tensors", () => {
  beforeAll(() => useBackend());

  it('live on: those of an array, those that get() had before, and those that it keeps', async () => {
    const before = held();
    const pointOf = (index: number) => plain()[index]!.x as number[];
    const rows = plain().map(({ label }, index) => ({ x: tf.tensor1d(pointOf(index)), label }));
    const ready = plain().map(({ label }, index) => ({ x: tf.tensor2d([pointOf(index)]), labels: [label] }));
    const asTheyAre: Case = {
      options: { dataCollator: ([one]) => one! },
      args: { perDeviceTrainBatchSize: 1, perDeviceEvalBatchSize: 1 },
    };
    for (const act of ACTS) {
      expect(await run(act, () => ({ dataset: rows }))).toBeUndefined();
      expect(await run(act, () => ({ dataset: throughGet((index) => rows[index]!) }))).toBeUndefined();
      expect(await run(act, () => ({ dataset: ready, ...asTheyAre }))).toBeUndefined();
    }
    const kept: { x: tf.Tensor; label: number }[] = [];
    const dataset = throughGet((index) => (kept[index] ??= { x: tf.keep(tf.tensor1d(pointOf(index))), label: 1 }));
    const { trainer, model } = tinyTrainer({ numTrainEpochs: 2 }, { trainDataset: dataset as never });
    await trainer.train();
    model.dispose();
    const all = [...rows, ...ready, ...kept].map(({ x }) => x);
    expect(all.map(({ isDisposed }) => isDisposed)).toEqual(new Array(18).fill(false));
    tf.dispose(all);
    expect(held()).toEqual(before);
  });

  it('that a get() makes once and does not keep are told of', async () => {
    const cache: Example[] = [];
    const dataset = throughGet((index) => (cache[index] ??= { ...made(plain()[index]!) }));
    expect(String(await run('train', () => ({ dataset })))).toMatch(
      /^TypeError: trainDataset: expected get\(\d\) to give tensors that live, got one that is disposed; tf.keep\(\)/,
    );
  });
});
