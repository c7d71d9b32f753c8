import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { confusionMatrix, type TrainingEvent } from '../../src/index.js';
import { instrument, readClasses, summarizeModel } from '../../src/tfjs.js';
import { held, useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend());

function classifier(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 5, activation: 'relu', name: 'hidden' }),
      tf.layers.dense({ units: 3, activation: 'softmax', name: 'classifier' }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

function examples() {
  const x = tf.randomNormal<tf.Rank.R2>([20, 4], 0, 1, 'float32', 7);
  const y = tf.tidy(() => tf.oneHot(x.slice([0, 0], [-1, 3]).argMax(1).toInt(), 3).toFloat() as tf.Tensor2D);
  return { x, y };
}

async function confusionIn(model: tf.LayersModel, x: tf.Tensor, y: tf.Tensor) {
  const predictions = model.predict(x) as tf.Tensor;
  const confusion = confusionMatrix(await readClasses({ predictions, labels: y }), { classes: ['a', 'b', 'c'] });
  predictions.dispose();
  return confusion;
}

/** The events of a fit of two epochs of two steps, and that no tensor is left. */
async function fitted(
  options: (
    model: tf.LayersModel,
    x: tf.Tensor,
    y: tf.Tensor,
  ) => Parameters<ReturnType<typeof instrument>['callbacks']>[0],
  args: tf.ModelFitArgs = {},
) {
  const model = classifier();
  const { x, y } = examples();
  const atFirst = held();
  const training = instrument(model, { onSinkError: () => {} });
  const events: TrainingEvent[] = [];
  training.events$.subscribe((event) => events.push(event));
  const callbacks = training.callbacks(options(model, x, y));
  await model.fit(x, y, { epochs: 2, batchSize: 10, verbose: 0, ...args, callbacks });
  await training.close();
  expect(held()).toEqual(atFirst);
  const confusion = await confusionIn(model, x, y);
  tf.dispose([x, y]);
  model.dispose();
  return { events, confusion, ofType: (type: string) => events.filter((event) => event.type === type) };
}

describe('callbacks({ evaluate })', () => {
  it('adds metrics and a confusion matrix to what fit found in its validation data', async () => {
    const epochs: number[] = [];
    const { ofType, confusion } = await fitted(
      (model, x, y) => ({
        async evaluate(epoch) {
          epochs.push(epoch);
          return { metrics: { f1: epoch }, confusion: await confusionIn(model, x, y) };
        },
      }),
      { validationSplit: 0.5 },
    );
    expect(epochs).toEqual([0, 1]);
    const evaluations = ofType('evaluate');
    expect(evaluations).toMatchObject([
      { epoch: 1, step: 1, metrics: { val_loss: expect.any(Number), val_acc: expect.any(Number), f1: 0 } },
      { epoch: 2, step: 2, metrics: { f1: 1 } },
    ]);
    expect(evaluations[1]).toMatchObject({ confusion });
    expect(confusion.counts.flat().reduce((sum, count) => sum + count)).toBe(20);
  });

  it('evaluates without validation data; metrics alone will do', async () => {
    const { events, ofType } = await fitted(() => ({ evaluate: () => ({ f1: 0.5 }) }));
    expect(ofType('evaluate')).toMatchObject([{ metrics: { f1: 0.5 } }, { metrics: { f1: 0.5 } }]);
    expect(events.map(({ type }) => type).slice(-4)).toEqual(['epoch-end', 'log', 'evaluate', 'train-end']);
  });

  it('that throws is a sink-error: fit goes on, and what it found itself is told', async () => {
    const evaluate = () => Promise.reject(new Error('no data'));
    const { ofType } = await fitted(() => ({ evaluate }), { validationSplit: 0.5 });
    expect(ofType('sink-error')).toMatchObject([{ sink: 'evaluate' }, { sink: 'evaluate' }]);
    expect(ofType('evaluate')).toHaveLength(2);
    expect(ofType('train-end')).toMatchObject([{ status: 'completed' }]);
  });

  it('refuses what is no function, and other options', () => {
    const model = classifier();
    const training = instrument(model);
    expect(() => training.callbacks({ evaluate: 3 as never })).toThrow('evaluate: expected a function epoch → metrics');
    expect(() => training.callbacks({ metrics: true } as never)).toThrow('expected one of the options of callbacks()');
    training.unhook();
    model.dispose();
  });
});

it('callbacks({ batchMetrics }) logs the metrics of each batch, at its step', async () => {
  const { ofType } = await fitted(() => ({ batchMetrics: true }));
  const logs = ofType('log') as Extract<TrainingEvent, { type: 'log' }>[];
  expect(logs.map(({ step, metrics }) => [step, Object.keys(metrics).join()])).toEqual([
    [1, 'acc'],
    [2, 'acc'],
    [2, 'loss,acc'],
    [3, 'acc'],
    [4, 'acc'],
    [4, 'loss,acc'],
  ]);
  const [first, second, epoch] = logs.map(({ metrics }) => metrics.acc!);
  expect(epoch).toBeCloseTo((first! + second!) / 2, 6);
});

it('a confusion matrix in an event is nobody else’s', async () => {
  const training = instrument(tf.train.sgd(0.1));
  const counts = [
    [1, 2],
    [3, 4],
  ];
  let seen: TrainingEvent | undefined;
  training.events$.subscribe((event) => {
    seen = event;
  });
  training.publish({ type: 'evaluate', metrics: { acc: 0.5 }, confusion: { classes: ['a', 'b'], counts } });
  counts[0]![0] = 9;
  expect(seen).toMatchObject({
    type: 'evaluate',
    step: 0,
    metrics: { acc: 0.5 },
    confusion: {
      counts: [
        [1, 2],
        [3, 4],
      ],
    },
  });
  expect(() => {
    (seen as unknown as { confusion: { counts: number[][] } }).confusion.counts[0]![0] = 7;
  }).toThrow(TypeError);
  for (const confusion of [null, {}, { classes: ['a'], counts: [[1, 2]] }, { classes: ['a'], counts: [[-1]] }]) {
    expect(() => training.publish({ type: 'evaluate', metrics: {}, confusion } as never)).toThrow(
      'confusion: expected classes, and counts as confusionMatrix() gives them, got',
    );
  }
  expect(() => training.publish({ type: 'step-end' } as never)).toThrow(
    'type: expected one of log, evaluate, predict, save; got "step-end"',
  );
  await training.close();
});

it('what is published after a training begins no other one', async () => {
  const model = classifier();
  const { x, y } = examples();
  const training = instrument(model);
  const types: string[] = [];
  training.events$.subscribe(({ type }) => types.push(type));
  await model.fit(x, y, { epochs: 1, verbose: 0 });
  training.publish({ type: 'evaluate', metrics: { acc: 1 } });
  await training.close();
  expect(types.slice(-2)).toEqual(['train-end', 'evaluate']);
  tf.dispose([x, y]);
  model.dispose();
});

describe('readClasses', () => {
  it('reads the classes of scores and of one-hot labels, and leaves no tensor', async () => {
    const predictions = tf.tensor2d([
      [0.1, 0.9],
      [2, -1],
      [0, 0],
    ]);
    const labels = tf.tensor2d([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    const atFirst = held();
    const read = await readClasses({ predictions, labels });
    expect(held()).toEqual(atFirst);
    expect(confusionMatrix(read).counts).toEqual([
      [1, 1],
      [1, 0],
    ]);
    tf.dispose([predictions, labels]);
  });

  it('reads a label a token', async () => {
    const predictions = tf.tensor3d([0, 1, 1, 0, 0, 1], [1, 3, 2]);
    const labels = tf.tensor2d([1, 1, -100], [1, 3]);
    expect(confusionMatrix(await readClasses({ predictions, labels })).counts).toEqual([
      [0, 0],
      [1, 1],
    ]);
    tf.dispose([predictions, labels]);
  });

  it('reads one score an example as it is, and labels that are classes', async () => {
    const predictions = tf.tensor2d([[0.1], [0.7], [0.6]]);
    const labels = tf.tensor1d([0, 1, 0], 'int32');
    expect(confusionMatrix(await readClasses({ predictions, labels })).counts).toEqual([
      [1, 1],
      [0, 1],
    ]);
    tf.dispose([predictions, labels]);
  });
});

describe('the summary of a model', () => {
  it('has layers within layers, shapes, and what is trainable', () => {
    const inner = tf.sequential({
      layers: [tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, name: 'conv' })],
    });
    inner.trainable = false;
    const model = tf.sequential({
      layers: [
        inner,
        tf.layers.batchNormalization({ name: 'norm' }),
        tf.layers.flatten({ name: 'flat' }),
        tf.layers.dense({ units: 3, name: 'head' }),
      ],
    });
    const { layers } = summarizeModel(model);
    expect(layers.filter(({ kind }) => kind !== 'InputLayer')).toEqual([
      { name: 'conv', kind: 'Conv2D', outputShapes: [[null, 6, 6, 4]], parameters: 40, trainable: 0 },
      { name: 'norm', kind: 'BatchNormalization', outputShapes: [[null, 6, 6, 4]], parameters: 16, trainable: 8 },
      { name: 'flat', kind: 'Flatten', outputShapes: [[null, 144]], parameters: 0, trainable: 0 },
      { name: 'head', kind: 'Dense', outputShapes: [[null, 3]], parameters: 435, trainable: 435 },
    ]);
    expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.countParams());
    model.dispose();
  });

  it('has a layer that is used twice once, with all shapes that it gives', () => {
    const shared = tf.layers.dense({ units: 2, name: 'shared' });
    const [a, b] = [tf.input({ shape: [3] }), tf.input({ shape: [5, 3] })];
    const outputs = [shared.apply(a), shared.apply(b)] as tf.SymbolicTensor[];
    const model = tf.model({ inputs: [a, b], outputs });
    expect(summarizeModel(model).layers.filter(({ name }) => name === 'shared')).toEqual([
      {
        name: 'shared',
        kind: 'Dense',
        outputShapes: [
          [null, 2],
          [null, 5, 2],
        ],
        parameters: 8,
        trainable: 8,
      },
    ]);
    model.dispose();
  });

  it('is in the first train-begin, and again where it is another', async () => {
    const model = classifier();
    const { x, y } = examples();
    const training = instrument(model);
    const models: (object | undefined)[] = [];
    training.events$.subscribe((event) => event.type === 'train-begin' && models.push(event.model));
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    model.layers[0]!.trainable = false;
    model.compile({ optimizer: model.optimizer, loss: 'categoricalCrossentropy' });
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    await training.close();
    expect(models).toMatchObject([{ layers: [{ trainable: 25 }, {}] }, undefined, { layers: [{ trainable: 0 }, {}] }]);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('refuses what is no model', () => {
    expect(() => summarizeModel({} as never)).toThrow('model: expected a LayersModel, got an object of class Object');
  });
});
