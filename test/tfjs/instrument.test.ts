import * as tf from '@tensorflow/tfjs';
import { of } from 'rxjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ofType,
  type ParameterUpdates,
  parameterDrift,
  parameterUpdates,
  type TrainingEvent,
} from '../../src/index.js';
import { type InstrumentOptions, instrument } from '../../src/tfjs.js';
import { AdamW } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend());

let before: ReturnType<typeof held>;
beforeEach(() => {
  tf.disposeVariables();
  before = held();
});

function classifier(optimizer: tf.Optimizer | string = tf.train.sgd(0.1)): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [4],
        units: 5,
        activation: 'relu',
        name: 'hidden',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        name: 'classifier',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** An optimizer of someone's own that cannot be saved. */
class Unsaid extends tf.SGDOptimizer {
  override getConfig(): never {
    throw new Error('not for saving');
  }
}

function examples(n = 20): { x: tf.Tensor2D; y: tf.Tensor2D } {
  const x = tf.randomNormal<tf.Rank.R2>([n, 4], 0, 1, 'float32', 7);
  const y = tf.tidy(() => tf.oneHot(x.slice([0, 0], [-1, 3]).argMax(1).toInt(), 3).toFloat() as tf.Tensor2D);
  return { x, y };
}

function record(target: tf.Optimizer | tf.LayersModel, options?: InstrumentOptions) {
  const training = instrument(target, options);
  const events: TrainingEvent[] = [];
  training.events$.subscribe((event) => events.push(event));
  const types = () => events.map(({ type }) => type);
  return { training, events, types };
}

/** The first value's tensor would share its data with the variable until the first step: let it go. */
function variable(initial: tf.Tensor, trainable: boolean, name: string): tf.Variable {
  const created = tf.variable(initial, trainable, name);
  initial.dispose();
  return created;
}

const STEP = ['step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'];

describe('instrument, model.fit', () => {
  it('publishes exactly this sequence for two epochs of two steps, and leaves no tensor', async () => {
    const model = classifier();
    const { x, y } = examples(20);
    const inUse = held();
    const { training, types, events } = record(model, { run: 'fit' });
    await model.fit(x, y, {
      epochs: 2,
      batchSize: 10,
      verbose: 0,
      validationData: [x, y],
      callbacks: training.callbacks(),
    });
    await training.close();
    const epoch = ['epoch-begin', ...STEP, ...STEP, 'epoch-end', 'log', 'evaluate'];
    expect(types()).toEqual(['train-begin', ...epoch, ...epoch, 'train-end']);
    expect(events[0]).toMatchObject({ run: 'fit', numEpochs: 2, maxSteps: 4, step: 0, epoch: 0 });
    const steps = events.filter((event) => event.type === 'step-end');
    expect(steps.map(({ step, epoch, examples }) => [step, epoch, examples])).toEqual([
      [1, 0.5, 10],
      [2, 1, 10],
      [3, 1.5, 10],
      [4, 2, 10],
    ]);
    for (const { loss, learningRate, durationMs, observingMs } of steps) {
      expect(loss).toBeGreaterThan(0);
      expect(learningRate).toBe(0.1);
      expect(durationMs).toBeGreaterThanOrEqual(observingMs);
    }
    expect(events.filter((event) => event.type === 'evaluate')[1]).toMatchObject({
      epoch: 2,
      metrics: { val_loss: expect.any(Number), val_acc: expect.any(Number) },
    });
    expect(held()).toEqual(inUse);
    tf.dispose([x, y]);
    model.optimizer.dispose();
    model.dispose();
    expect(held().numTensors).toBe(before.numTensors);
  });

  it('says what the optimizer is set to when a training begins, and what it is told besides', async () => {
    const model = classifier(tf.train.momentum(0.1, 0.9));
    const { x, y } = examples(10);
    const { training, events } = record(model, { config: { width: 4, 'optimizer.momentum': 'by hand' } });
    await model.fit(x, y, { verbose: 0 });
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
    await model.fit(x, y, { verbose: 0 });
    model.compile({ optimizer: new Unsaid(0.2), loss: 'categoricalCrossentropy' });
    await model.fit(x, y, { verbose: 0 });
    await training.close();
    const told = events.flatMap((event) => (event.type === 'train-begin' ? [event.config] : []));
    const own = { width: 4, 'optimizer.momentum': 'by hand' };
    expect(told).toEqual([
      { optimizer: 'Momentum', 'optimizer.learningRate': 0.1, 'optimizer.useNesterov': false, ...own },
      {
        optimizer: 'Adam',
        ...{ 'optimizer.learningRate': 0.01, 'optimizer.beta1': 0.9, 'optimizer.beta2': 0.999 },
        'optimizer.epsilon': tf.backend().epsilon(),
        ...own,
      },
      { optimizer: 'Unsaid', ...own },
    ]);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('counts the steps of a training that goes on from a later epoch', async () => {
    const model = classifier();
    const { x, y } = examples(20);
    const { training, events } = record(model);
    const args = { batchSize: 10, verbose: 0, callbacks: training.callbacks() } as const;
    await model.fit(x, y, { ...args, epochs: 3 });
    await model.fit(x, y, { ...args, epochs: 5, initialEpoch: 3 });
    await training.close();
    const begins = events.filter(({ type }) => type === 'train-begin');
    expect(begins).toMatchObject([
      { numEpochs: 3, maxSteps: 6 },
      { numEpochs: 5, maxSteps: 10, step: 6 },
    ]);
    expect(training.stepsDone).toBe(10);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('trains exactly as it does unobserved', async () => {
    const { x, y } = examples();
    const losses: number[][] = [];
    for (const observe of [false, true]) {
      const model = classifier(tf.train.adam(0.01));
      const training = observe ? instrument(model) : undefined;
      training?.attach(training.events$.pipe(parameterUpdates()), () => {});
      const { history } = await model.fit(x, y, { epochs: 3, batchSize: 8, verbose: 0, shuffle: false });
      losses.push(history.loss as number[]);
      await training?.close();
      model.dispose();
    }
    expect(losses[1]).toEqual(losses[0]);
    tf.dispose([x, y]);
  });

  it('names weights as they were asked for, in a second model too', async () => {
    const first = classifier();
    const second = classifier();
    const { x, y } = examples();
    for (const model of [first, second]) {
      const training = instrument(model);
      const names: string[] = [];
      training.events$.pipe(parameterUpdates()).subscribe((updates) => names.push(...updates.names));
      await model.trainOnBatch(x, y);
      await training.close();
      expect(names).toEqual(['hidden/kernel', 'hidden/bias', 'classifier/kernel', 'classifier/bias']);
    }
  });

  it('observes fitDataset and trainOnBatch', async () => {
    const model = classifier();
    const { x, y } = examples(12);
    const { training, events } = record(model);
    const dataset = tf.data.zip({ xs: tf.data.array(await x.array()), ys: tf.data.array(await y.array()) }).batch(4);
    await model.fitDataset(dataset as tf.data.Dataset<tf.TensorContainer>, {
      epochs: 2,
      verbose: 0,
      callbacks: training.callbacks(),
    });
    await model.trainOnBatch(x, y);
    await training.close();
    expect(training.stepsDone).toBe(7);
    const ends = events.filter((event) => event.type === 'step-end');
    // In the first epoch nothing says how many batches there are.
    expect(ends.map(({ epoch }) => Number(epoch.toFixed(2)))).toEqual([0, 0, 0, 1.33, 1.67, 2, 2]);
    expect(ends.at(-1)?.examples).toBeNaN();
  });

  it('keeps two models side by side apart', async () => {
    const models = [classifier(), classifier()];
    const { x, y } = examples(8);
    const records = models.map((model, i) => record(model, { run: `run-${i}` }));
    await models[0]!.trainOnBatch(x, y);
    await models[1]!.trainOnBatch(x, y);
    await models[0]!.trainOnBatch(x, y);
    for (const { training } of records) await training.close();
    expect(records.map(({ training }) => training.stepsDone)).toEqual([2, 1]);
    expect(records.map(({ events }) => [...new Set(events.map(({ run }) => run))])).toEqual([['run-0'], ['run-1']]);
  });

  it('leaves a frozen layer out, from the step on that freezes it', async () => {
    const model = classifier();
    const { x, y } = examples(8);
    const training = instrument(model);
    const names: string[][] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => names.push([...updates.names]));
    await model.trainOnBatch(x, y);
    model.layers[0]!.trainable = false;
    model.compile({ optimizer: model.optimizer, loss: 'categoricalCrossentropy' });
    await model.trainOnBatch(x, y);
    await training.close();
    expect(names[0]).toHaveLength(4);
    expect(names[1]).toEqual(['classifier/kernel', 'classifier/bias']);
  });
});

describe('instrument, optimizers', () => {
  const optimizers: Record<string, () => tf.Optimizer> = {
    sgd: () => tf.train.sgd(0.1),
    momentum: () => tf.train.momentum(0.1, 0.9),
    adagrad: () => tf.train.adagrad(0.1),
    adadelta: () => tf.train.adadelta(0.1),
    adam: () => tf.train.adam(0.1),
    adamax: () => tf.train.adamax(0.1),
    rmsprop: () => tf.train.rmsprop(0.1),
  };

  it.each(Object.keys(optimizers))('measures what %s really did', async (name) => {
    const w = variable(tf.tensor1d([1, -2, 3]), true, 'w');
    const optimizer = optimizers[name]!();
    const { training, events } = record(optimizer);
    const norms: number[] = [];
    const gradients: number[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => {
      norms.push(updates.of('w').updateNorm);
      gradients.push(updates.of('w').gradientNorm);
    });
    const expected: number[] = [];
    const expectedGradients: number[] = [];
    for (let step = 0; step < 3; step++) {
      const old = w.dataSync().slice();
      optimizer.minimize(() => w.square().sum() as tf.Scalar);
      const now = w.dataSync();
      expected.push(Math.hypot(...[...old].map((value, i) => value - now[i]!)));
      expectedGradients.push(Math.hypot(...[...old].map((value) => 2 * value)));
    }
    await training.close();
    expect(norms).toHaveLength(3);
    for (const [i, norm] of norms.entries()) expect(norm).toBeCloseTo(expected[i]!, 6);
    for (const [i, norm] of gradients.entries()) expect(norm).toBeCloseTo(expectedGradients[i]!, 5);
    const ends = events.filter((event) => event.type === 'step-end');
    expect(ends[0]!.loss).toBe(14);
    expect(ends.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.1, 0.1]);
    optimizer.dispose();
  });

  it('gives the loss back only to whom it was asked for, and disposes it otherwise', async () => {
    const w = variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const training = instrument(optimizer);
    const inUse = held();
    expect(optimizer.minimize(() => w.square() as tf.Scalar)).toBeNull();
    expect(held()).toEqual(inUse);
    const loss = optimizer.minimize(() => w.square() as tf.Scalar, true, [w]);
    expect(loss?.dataSync()[0]).toBeCloseTo(1.6 * 1.6);
    loss?.dispose();
    expect(held()).toEqual(inUse);
    await training.close();
  });

  it('observes a loop by hand that applies gradients, its loss by setLoss', async () => {
    const w = variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const { training, types, events } = record(optimizer);
    for (let step = 0; step < 2; step++) {
      const { value, grads } = tf.variableGrads(() => w.square() as tf.Scalar);
      if (step === 1) training.setLoss(value);
      optimizer.applyGradients(grads);
      tf.dispose([value, grads]);
    }
    await training.close();
    expect(types()).toEqual(['train-begin', ...STEP, ...STEP, 'train-end']);
    const losses = events.flatMap((event) => (event.type === 'step-end' ? [event.loss] : []));
    expect(losses[0]).toBeNaN();
    expect(losses[1]).toBeCloseTo(2.56);
  });

  it('observes inside a tidy', async () => {
    const w = variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.adam(0.1);
    const training = instrument(optimizer);
    const ratios: number[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => ratios.push(updates.of('w').updateRatio));
    tf.tidy(() => void optimizer.minimize(() => w.square() as tf.Scalar));
    const inUse = held();
    tf.tidy(() => void optimizer.minimize(() => w.square() as tf.Scalar));
    expect(held()).toEqual(inUse);
    expect(ratios[0]).toBeCloseTo(0.05, 5);
    await training.close();
  });

  it('shows parameters by the names it is given, frozen ones too', async () => {
    const w = variable(tf.scalar(2), true, 'w-internal');
    const frozen = variable(tf.scalar(5), false, 'frozen-internal');
    const optimizer = tf.train.sgd(0.1);
    const training = instrument(optimizer, {
      parameters: [
        { name: 'frozen', variable: frozen },
        { name: 'w', variable: w },
      ],
    });
    const rows: unknown[] = [];
    training.events$
      .pipe(parameterUpdates({ statistics: ['updateNorm', 'unchanged', 'gradientNorm'] }))
      .subscribe((updates) => rows.push(...updates));
    optimizer.minimize(() => w.mul(frozen).square() as tf.Scalar);
    await training.close();
    expect(rows).toEqual([
      { name: 'frozen', size: 1, updateNorm: 0, unchanged: 1, gradientNorm: 0 },
      { name: 'w', size: 1, updateNorm: 10, unchanged: 0, gradientNorm: 100 },
    ]);
  });

  it('copes with variables that come and go', async () => {
    const w = variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const training = instrument(optimizer);
    const names: string[][] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => names.push([...updates.names]));
    optimizer.minimize(() => w.square() as tf.Scalar);
    const late = variable(tf.scalar(1), true, 'late');
    optimizer.minimize(() => w.mul(late).square() as tf.Scalar);
    late.dispose();
    optimizer.minimize(() => w.square() as tf.Scalar, false, [w]);
    expect(await training.close()).toEqual([]);
    expect(names).toEqual([['w'], ['w', 'late'], ['w']]);
  });

  it('measures a variable that comes back in another shape, and one that two names share', async () => {
    let w = variable(tf.tensor1d([1, 2]), true, 'w');
    const optimizer = tf.train.sgd(0.5);
    const training = instrument(optimizer, {
      parameters: () => [
        { name: 'encoder', variable: w },
        { name: 'decoder', variable: w },
      ],
    });
    const seen: unknown[] = [];
    training.events$
      .pipe(parameterUpdates({ statistics: ['updateNorm', 'gradientNorm'] }))
      .subscribe((updates) => seen.push([updates.sizes, [...updates.columns.updateNorm]]));
    const drifts: number[][] = [];
    training.events$.pipe(parameterDrift()).subscribe(({ columns }) => drifts.push([...columns.fromStart]));
    const step = () => optimizer.minimize(() => w.sum() as tf.Scalar, false, [w]);
    step();
    w.dispose();
    w = variable(tf.tensor1d([1, 2, 3, 4]), true, 'w');
    step();
    expect(await training.close()).toEqual([]);
    const [two, four] = [Math.sqrt(0.5), 1];
    expect(seen).toEqual([
      [
        [2, 2],
        [expect.closeTo(two, 6), expect.closeTo(two, 6)],
      ],
      [
        [4, 4],
        [four, four],
      ],
    ]);
    expect(drifts[1]).toEqual([four, four]);
    w.dispose();
  });

  it('observes async loops whose steps take turns', async () => {
    const loops = ['a', 'b'].map((name) => {
      const w = variable(tf.scalar(2), true, name);
      const optimizer = tf.train.adam(0.1);
      const seen: string[] = [];
      const training = instrument(optimizer, { run: name });
      training.events$
        .pipe(parameterUpdates())
        .subscribe((updates) => seen.push(`${updates.run} ${updates.step} ${updates.names}`));
      return { w, optimizer, training, seen };
    });
    await Promise.all(
      loops.map(async ({ w, optimizer, training }) => {
        for (let step = 0; step < 3; step++) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          const loss = optimizer.minimize(() => w.square() as tf.Scalar, true);
          await loss?.data();
          loss?.dispose();
        }
        await training.close();
      }),
    );
    expect(loops.map(({ seen }) => seen)).toEqual([
      ['a 1 a', 'a 2 a', 'a 3 a'],
      ['b 1 b', 'b 2 b', 'b 3 b'],
    ]);
    for (const { w, optimizer } of loops) {
      w.dispose();
      optimizer.dispose();
    }
  });

  it('lets an update that throws throw, and measures the next', async () => {
    const w = variable(tf.tensor1d([1, 2]), true, 'w');
    const optimizer = tf.train.sgd(0.5);
    const { training, types } = record(optimizer);
    const norms: number[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => norms.push(updates.of('w').updateNorm));
    const inUse = held();
    const wrong = tf.tensor1d([1, 2, 3]);
    expect(() => optimizer.applyGradients([{ name: 'w', tensor: wrong }])).toThrow();
    wrong.dispose();
    optimizer.minimize(() => w.sum() as tf.Scalar);
    // The values before the failed update are let go of when the next step begins.
    expect(held()).toEqual(inUse);
    expect(await training.close()).toEqual([]);
    expect(types()).toEqual(['train-begin', 'step-begin', 'pre-optimizer-step', ...STEP, 'train-end']);
    expect(norms).toEqual([expect.closeTo(Math.sqrt(0.5), 6)]);
  });

  it('lets a step that throws throw, leaks nothing, and goes on', async () => {
    const w = variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const { training, types } = record(optimizer);
    const steps: number[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => steps.push(updates.step));
    const inUse = held();
    const broken = () => {
      throw new Error('bad batch');
    };
    expect(() => optimizer.minimize(broken)).toThrow('bad batch');
    optimizer.minimize(() => w.square() as tf.Scalar);
    expect(held()).toEqual(inUse);
    await training.close();
    expect(types()).toEqual(['train-begin', 'step-begin', ...STEP, 'train-end']);
    expect(steps).toEqual([1]);
  });

  it('goes on when every subscriber throws', async () => {
    const w = variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const said: string[] = [];
    const training = instrument(optimizer, { onSinkError: ({ message }) => said.push(message) });
    training.events$.pipe(ofType('optimizer-step')).subscribe(() => {
      throw new Error('mine');
    });
    training.events$.pipe(parameterUpdates()).subscribe((updates) => updates.of('nothing'));
    const inUse = held();
    for (let step = 0; step < 3; step++) optimizer.minimize(() => w.square() as tf.Scalar);
    expect(training.stepsDone).toBe(3);
    expect(held()).toEqual(inUse);
    const errors = await training.close();
    expect(errors).toHaveLength(2);
    expect(said[1]).toMatch(/name: expected one of w; got "nothing"/);
  });
});

describe('an optimizer that measures while it updates', () => {
  it('is believed, and says what a pass over the values says', () => {
    const w = tf.variable(tf.randomNormal([40, 30], 0, 1, 'float32', 1), true, 'w');
    const optimizer = new AdamW({ learningRate: 1e-2, weightDecay: 0.1 });
    const training = instrument(optimizer);
    const believed: ParameterUpdates[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => believed.push(updates));
    const before = w.dataSync().slice();
    optimizer.minimize(() => w.square().mean() as tf.Scalar);
    const after = w.dataSync();
    const sums = optimizer.stepSums?.get(w.name);
    if (tf.getBackend() !== 'tensorflow') expect(believed[0]!.of('w').updateNorm).toBe(Math.sqrt(sums!.updateSquares));
    expect(believed[0]!.of('w').updateNorm).toBeCloseTo(Math.hypot(...after.map((v, i) => v - before[i]!)), 6);
    expect(believed[0]!.of('w').weightNorm).toBeCloseTo(Math.hypot(...before), 4);
    training.unhook();
    optimizer.dispose();
    w.dispose();
  });
});

describe('unhook', () => {
  it('restores the optimizer and the model exactly', async () => {
    const model = classifier();
    const optimizer = model.optimizer;
    const own = () => [Object.getOwnPropertyNames(model).sort(), Object.getOwnPropertyNames(optimizer).sort()];
    const untouched = own();
    const training = instrument(model);
    expect(own()).not.toEqual(untouched);
    training.unhook();
    expect(own()).toEqual(untouched);
    expect(optimizer.minimize).toBe(Object.getPrototypeOf(optimizer).minimize);
    instrument(optimizer).unhook();
    await training.close();
  });

  it('restores an own property, and stays passive under a later hook', () => {
    const optimizer = tf.train.sgd(0.1);
    const mine = optimizer.applyGradients.bind(optimizer);
    optimizer.applyGradients = mine;
    const training = instrument(optimizer);
    training.unhook();
    expect(optimizer.applyGradients).toBe(mine);

    const { training: second, events } = record(optimizer);
    const hooked = optimizer.minimize;
    optimizer.minimize = (...args) => hooked.apply(optimizer, args);
    second.unhook();
    const w = variable(tf.scalar(1), true, 'w');
    optimizer.minimize(() => w.square() as tf.Scalar);
    expect(w.dataSync()[0]).toBeCloseTo(0.8);
    expect(events).toEqual([]);
  });
});

describe('a model that is compiled anew', () => {
  it('is observed and controlled on with its new optimizer, and the old one is let go', async () => {
    const model = classifier();
    const first = model.optimizer;
    const untouched = Object.getOwnPropertyNames(model).sort();
    const { training, events } = record(model);
    const { x, y } = examples(20);
    const train = () => model.fit(x, y, { batchSize: 10, verbose: 0 });
    await train();
    const second = tf.train.sgd(0.5);
    model.compile({ optimizer: second, loss: 'categoricalCrossentropy' });
    expect(Object.hasOwn(first, 'minimize')).toBe(false);
    await train();
    model.compile({ optimizer: second, loss: 'categoricalCrossentropy' });
    const scale = { command: { kind: 'scale-learning-rate', factor: 0.1 }, source: 'test', message: 'less' } as const;
    training.steer(of(scale));
    await train();
    const ends = events.filter((event) => event.type === 'step-end');
    expect(ends.map(({ step, learningRate }) => [step, learningRate])).toEqual([
      [1, 0.1],
      [2, 0.1],
      [3, 0.5],
      [4, 0.5],
      [5, 0.05],
      [6, 0.05],
    ]);
    await training.close();
    expect(Object.getOwnPropertyNames(model).sort()).toEqual(untouched);
    expect(['minimize', 'applyGradients'].filter((name) => Object.hasOwn(second, name))).toEqual([]);
    instrument(second).unhook();
    tf.dispose([x, y]);
    model.dispose();
    first.dispose();
    second.dispose();
  });

  it.each([
    [
      'compile',
      (model: tf.LayersModel, optimizer: tf.Optimizer) => model.compile({ optimizer, loss: 'meanSquaredError' }),
    ],
    [
      'assignment',
      (model: tf.LayersModel, optimizer: tf.Optimizer) => {
        model.optimizer = optimizer;
      },
    ],
  ])('trains on with an optimizer that is observed elsewhere, given by %s, and says so', async (_how, give) => {
    const model = classifier();
    const { training, events } = record(model);
    const first = model.optimizer;
    const other = tf.train.sgd(0.5);
    const others = record(other);
    give(model, other);
    const { x, y } = examples(10);
    await model.trainOnBatch(x, y);
    expect(others.types()).toEqual(['train-begin', ...STEP]);
    expect(events).toMatchObject([
      { type: 'alert', rule: 'optimizer-taken', severity: 'warning', message: expect.stringContaining('SGDOptimizer') },
    ]);
    give(model, first);
    await model.trainOnBatch(x, y);
    expect(events.filter(({ type }) => type === 'step-end')).toHaveLength(1);
    await others.training.close();
    await training.close();
    tf.dispose([x, y]);
  });
});

describe('a model that is given another optimizer', () => {
  const functional = () => {
    const input = tf.input({ shape: [4] });
    const model = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 3 }).apply(input) as tf.SymbolicTensor });
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    return model;
  };

  it.each([
    ['Sequential', classifier],
    ['functional', functional],
  ])('is observed on with it, in the middle of fit too, and restored: %s', async (_kind, make) => {
    const model = make();
    const first = model.optimizer;
    const { training, events } = record(model);
    const norms: number[] = [];
    training.attach(training.events$.pipe(parameterUpdates()), ({ columns }) => norms.push(columns.updateNorm[0]!));
    const { x, y } = examples(20);
    const second = tf.train.sgd(0.5);
    const onEpochEnd = () => {
      model.optimizer = second;
    };
    await model.fit(x, y, { batchSize: 10, epochs: 2, verbose: 0, callbacks: { onEpochEnd } });
    expect(model.optimizer).toBe(second);
    expect(Object.hasOwn(first, 'minimize')).toBe(false);
    const ends = events.filter((event) => event.type === 'step-end');
    expect(ends.map(({ step, learningRate }) => [step, learningRate])).toEqual([
      [1, 0.1],
      [2, 0.1],
      [3, 0.5],
      [4, 0.5],
    ]);
    expect(norms.every((norm) => norm > 0)).toBe(true);
    expect(norms).toHaveLength(4);
    expect(await training.close()).toEqual([]);
    expect(['optimizer', 'compile', 'fit', 'fitDataset'].filter((name) => Object.hasOwn(model, name))).toEqual([]);
    expect(model.optimizer).toBe(second);
    expect(Object.hasOwn(second, 'minimize')).toBe(false);
    model.optimizer = first; // heard by no one
    expect(Object.hasOwn(first, 'minimize')).toBe(false);
    tf.dispose([x, y]);
    model.dispose();
    first.dispose();
    second.dispose();
    expect(held()).toEqual(before);
  });

  it.each(['step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'] as const)(
    'has the step that is going on made by the old one: assigned at %s',
    async (moment) => {
      const model = classifier(new AdamW({ learningRate: 0.01 }));
      const first = model.optimizer;
      const second = new AdamW({ learningRate: 0.02 });
      const { training, events, types } = record(model);
      const updates: ParameterUpdates[] = [];
      training.attach(training.events$.pipe(parameterUpdates()), (each) => updates.push(each));
      training.attach(training.events$.pipe(ofType(moment)), () => {
        model.optimizer = second;
      });
      const { x, y } = examples(10);
      for (let i = 0; i < 2; i++) await model.trainOnBatch(x, y);
      expect(types().filter((type) => type !== 'train-begin')).toEqual([...STEP, ...STEP]);
      const ends = events.filter((event) => event.type === 'step-end');
      expect(ends.map(({ learningRate }) => learningRate)).toEqual([0.01, 0.02]);
      expect(updates.map((each) => Number.isFinite(each.of('hidden/kernel').updateRatio))).toEqual([true, true]);
      // The first update of Adam is the learning rate in every element that has a gradient.
      for (const [i, rate] of [0.01, 0.02].entries()) {
        expect(updates[i]!.of('classifier/bias').maxAbsUpdate).toBeCloseTo(rate, 4);
      }
      await training.close();
      tf.dispose([x, y]);
      model.dispose();
      first.dispose();
      second.dispose();
      expect(held()).toEqual(before);
    },
  );

  it('keeps the last of several, and follows none once it is unhooked', async () => {
    const model = classifier();
    const first = model.optimizer;
    const [second, third] = [tf.train.sgd(0.2), tf.train.sgd(0.3)];
    const { training, events } = record(model);
    model.optimizer = second;
    model.optimizer = null as unknown as tf.Optimizer;
    model.optimizer = third;
    model.optimizer = first;
    const { x, y } = examples(10);
    const subscription = training.events$.pipe(ofType('step-begin')).subscribe(() => {
      model.optimizer = second;
      training.unhook();
    });
    await model.trainOnBatch(x, y);
    subscription.unsubscribe();
    await model.trainOnBatch(x, y);
    expect(events.filter(({ type }) => type === 'step-begin')).toHaveLength(1);
    for (const optimizer of [first, second, third]) {
      expect(['minimize', 'applyGradients'].filter((name) => Object.hasOwn(optimizer, name))).toEqual([]);
      instrument(optimizer).unhook();
    }
    await training.close();
    tf.dispose([x, y]);
    model.dispose();
  });
});

describe('bad input', () => {
  it.each([
    [null, /target: expected a tf.Optimizer or a compiled tf.LayersModel, got null/],
    [42, /got 42/],
    [{}, /got an object of class Object/],
  ])('refuses %s', (target, message) => {
    expect(() => instrument(target as unknown as tf.Optimizer)).toThrow(message);
  });

  it('refuses a model that is not compiled, and says how to', () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1 })] });
    expect(() => instrument(model)).toThrow(
      /target: expected a compiled model, got ".*" without an optimizer; call model.compile/,
    );
  });

  it('refuses an optimizer that is instrumented already', async () => {
    const model = classifier();
    const training = instrument(model);
    expect(() => instrument(model.optimizer)).toThrow(/not instrumented, got SGDOptimizer that is; use the first/);
    await training.close();
    await instrument(model).close();
  });

  it('refuses a third while a second observes what a first has let go', async () => {
    const optimizer = tf.train.sgd(0.1);
    const first = instrument(optimizer);
    first.unhook();
    const second = instrument(optimizer);
    await first.close();
    expect(() => instrument(optimizer)).toThrow(/not instrumented, got SGDOptimizer that is/);
    await second.close();
    await instrument(optimizer).close();
    optimizer.dispose();
  });
});
