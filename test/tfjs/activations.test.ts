import * as tf from '@tensorflow/tfjs';
import { Subject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Activations, everySteps, type TrainingEvent } from '../../src/index.js';
import { scriptedParameters } from '../../src/testing.js';
import { activations, instrument } from '../../src/tfjs.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { event, fakeRun } from '../operators/fake-run.js';

/** Weights by hand, so that what each unit gives is known. */
function model(
  activation: 'relu' | 'relu6' | 'tanh' | 'sigmoid' | 'linear' = 'relu',
  weights = [1, -1, 2, 0],
): tf.Sequential {
  const net = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [1], units: 4, activation, name: 'hidden', useBias: false }),
      tf.layers.dense({ units: 1, activation: 'sigmoid', name: 'head' }),
    ],
  });
  tf.tidy(() => net.layers[0]!.setWeights([tf.tensor2d([weights])]));
  net.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
  return net;
}

describe.each(BACKENDS)('activations on %s', (backend) => {
  let atFirst: ReturnType<typeof held>;
  beforeEach(async () => {
    await useBackend(backend);
    atFirst = held();
  });

  /** What is seen of `steps` batches of these inputs, and that nothing is left. */
  async function seen(
    net: tf.Sequential,
    inputs: readonly number[],
    steps = 1,
    when = everySteps(1),
  ): Promise<Activations[]> {
    const x = tf.tensor2d(inputs as number[], [inputs.length, 1]);
    const y = tf.zeros([inputs.length, 1]);
    const training = instrument(net);
    const found: Activations[] = [];
    training.attach(training.events$.pipe(activations(net, { when })), (each) => found.push(each));
    const calls = net.layers.map((layer) => layer.call);
    for (let step = 1; step <= steps; step++) await net.trainOnBatch(x, y);
    expect(await training.close()).toEqual([]);
    expect(net.layers.map((layer) => layer.call)).toEqual(calls);
    expect(net.layers.some((layer) => Object.hasOwn(layer, 'call'))).toBe(false);
    tf.dispose([x, y]);
    net.optimizer.dispose();
    net.dispose();
    return found;
  }

  it('looks again at steps that are made again, after a rollback', async () => {
    const net = model();
    const x = tf.ones([2, 1]);
    const own = tf.memory().numTensors;
    const events = new Subject<TrainingEvent>();
    const steps: number[] = [];
    events.pipe(activations(net, { when: everySteps(1) })).subscribe(({ step }) => steps.push(step));
    for (const step of [0, 1, 2, 1, 2]) {
      events.next(event('step-begin', { step }));
      tf.dispose(net.predict(x));
      events.next(event('pre-optimizer-step', { step, parameters: scriptedParameters({}) }));
      events.next(event('step-end', { step: step + 1 }));
    }
    events.complete();
    await Promise.resolve();
    expect(steps).toEqual([1, 2, 3, 2, 3]);
    expect(tf.memory().numTensors).toBe(own);
    tf.dispose(x);
    net.optimizer.dispose();
    net.dispose();
  });

  it('looks at the first step of a training that follows another', async () => {
    const net = model();
    const x = tf.ones([2, 1]);
    const events = new Subject<TrainingEvent>();
    const steps: number[] = [];
    events.pipe(activations(net, { when: everySteps(1) })).subscribe(({ step }) => steps.push(step));
    for (const step of [0, 1]) {
      events.next(event('step-begin', { step }));
      tf.dispose(net.predict(x));
      events.next(event('pre-optimizer-step', { step, parameters: scriptedParameters({}) }));
      events.next(event('step-end', { step: step + 1 }));
      events.next(event('train-end', { step: step + 1, reason: 'completed' }));
    }
    events.complete();
    await Promise.resolve();
    expect(steps).toEqual([1, 2]);
    tf.dispose(x);
    net.optimizer.dispose();
    net.dispose();
  });

  it('measures mean, variance and dead units, by hand', async () => {
    const [{ layers, step }] = (await seen(model(), [1, 3])) as [Activations];
    // Units give 1 3, 0 0, 2 6, 0 0.
    expect(step).toBe(1);
    expect(layers[0]).toMatchObject({ name: 'hidden', activation: 'relu', units: 4, dead: 0.5, saturated: Number.NaN });
    expect(layers[0]!.mean).toBeCloseTo(12 / 8);
    expect(layers[0]!.variance).toBeCloseTo((1 + 0 + 4 + 0) / 4);
    expect(layers[1]).toMatchObject({ name: 'head', activation: 'sigmoid', dead: Number.NaN });
  });

  it('counts magnitudes where that is asked for, and leaves no tensor', async () => {
    const net = model();
    const atFirst = held();
    const x = tf.tensor2d([1, 3], [2, 1]);
    const y = tf.zeros([2, 1]);
    const training = instrument(net);
    const found: Activations[] = [];
    const options = { when: everySteps(1), histograms: true };
    training.attach(training.events$.pipe(activations(net, options)), (each) => found.push(each));
    await net.trainOnBatch(x, y);
    expect(await training.close()).toEqual([]);
    // Units give 1 3, 0 0, 2 6, 0 0.
    expect(found[0]!.layers[0]!.histogram).toEqual({ zeros: 4, nonFinite: 0, firstExponent: 0, counts: [1, 2, 1] });
    expect(found[0]!.layers[1]!.histogram).toMatchObject({ zeros: 0, nonFinite: 0 });
    tf.dispose([x, y]);
    expect(held()).toEqual(atFirst);
    net.optimizer.dispose();
    net.dispose();
  });

  it('tells units that give the same from those that differ, are dead, or always give the same', async () => {
    const identical = async (weights: number[], inputs: number[]) =>
      (await seen(model('relu', weights), inputs))[0]!.layers[0]!.identical;
    expect(await identical([1, 1, 1, 1], [1, 3, 2])).toBe(1);
    expect(await identical([1, 1, 2, 2], [1, 3, 2])).toBeCloseTo(2 / 3);
    expect(await identical([1, 2, 3, 4], [1, 3, 2])).toBe(0);
    expect(await identical([-1, -1, -1, -1], [1, 3, 2])).toBe(0);
    expect(await identical([1, 1, 1, 1], [2, 2, 2])).toBe(0);
    expect(await identical([1, 1, 1, 1], [2])).toBe(0);
  });

  it('a unit that is active for one in a hundred is not dead, for one in two hundred it is', async () => {
    const oneIn = (n: number) => Array.from({ length: n }, (_, i) => (i === 0 ? 1 : -1));
    expect((await seen(model('relu', [1, 1, 1, 1]), oneIn(100)))[0]!.layers[0]!.dead).toBe(0);
    expect((await seen(model('relu', [1, 1, 1, 1]), oneIn(200)))[0]!.layers[0]!.dead).toBe(1);
  });

  it.each([
    // TensorFlow's own tanh is 1 from 7.9 on.
    ['tanh', 7.5, 0],
    ['tanh', 9.6, 1],
    ['tanh', -9.6, 1],
    ['sigmoid', 16, 0],
    ['sigmoid', 17.5, 1],
    ['sigmoid', -22.9, 0],
    ['sigmoid', -23.1, 1],
  ] as const)('%s of %d is saturated: %d', async (activation, input, share) => {
    const [{ layers }] = (await seen(model(activation, [1, 1, 1, 1]), [input, input])) as [Activations];
    expect(layers[0]!.saturated).toBe(share);
  });

  it('has no variance of a single example', async () => {
    expect((await seen(model(), [1]))[0]!.layers[0]!.variance).toBeNaN();
  });

  it('looks only at the steps that it should, and keeps nothing of the others', async () => {
    expect((await seen(model(), [1, 2], 7, everySteps(3))).map(({ step }) => step)).toEqual([3, 6]);
  });

  it('leaves no tensor', async () => {
    const before = held();
    expect(before).toEqual(atFirst);
    const net = model();
    const own = tf.memory().numTensors;
    const x = tf.ones([4, 1]);
    const y = tf.zeros([4, 1]);
    const training = instrument(net);
    training.attach(training.events$.pipe(activations(net, { when: everySteps(1) })), () => {});
    await net.fit(x, y, {
      epochs: 2,
      batchSize: 2,
      verbose: 0,
      validationData: [x, y],
      callbacks: training.callbacks(),
    });
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(own);
    await training.close();
    expect(tf.memory().numTensors).toBe(own);
    net.optimizer.dispose();
    net.dispose();
  });

  it('sees a loop by hand from its second step on', async () => {
    const net = model();
    const x = tf.ones<tf.Rank.R2>([2, 1]);
    const training = instrument(net.optimizer);
    const steps: number[] = [];
    training.attach(training.events$.pipe(activations(net, { when: everySteps(1) })), ({ step }) => steps.push(step));
    for (let i = 0; i < 3; i++) {
      const { value, grads } = tf.variableGrads(
        () => (net.apply(x, { training: true }) as tf.Tensor).mean() as tf.Scalar,
      );
      net.optimizer.applyGradients(grads);
      tf.dispose([value, grads]);
    }
    await training.close();
    expect(steps).toEqual([2, 3]);
    x.dispose();
    net.optimizer.dispose();
    net.dispose();
  });
});

it.each([
  ['linear layers', () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1 })] })],
  ['no layer yet', () => tf.sequential()],
])('gives nothing of a model with %s, and costs nothing', (_name, make) => {
  const net = make();
  const before = tf.memory().numTensors;
  const source = new Subject<TrainingEvent>();
  const seen: unknown[] = [];
  let completed = false;
  source.pipe(activations(net, { when: everySteps(1) })).subscribe({
    next: (value) => seen.push(value),
    complete: () => {
      completed = true;
    },
  });
  for (const each of fakeRun(3)) source.next(each);
  source.complete();
  expect({ seen, completed }).toEqual({ seen: [], completed: true });
  expect(tf.memory().numTensors).toBe(before);
  net.dispose();
});

it('refuses what is no LayersModel, and a schedule that is none', () => {
  const net = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1 })] });
  const optimizer = tf.train.sgd(1);
  for (const wrong of [undefined, null, 3, 'model', {}, optimizer, net.layers[0], { layers: [{ name: 'dense' }] }]) {
    expect(() => activations(wrong as never)).toThrow(TypeError);
    expect(() => activations(wrong as never)).toThrow('model: expected a LayersModel');
  }
  expect(() => activations(net, { when: 3 as never })).toThrow('when: expected a function step → boolean, got 3');
  optimizer.dispose();
  net.dispose();
});

it('finds layers of models within models', () => {
  const inner = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1, activation: 'relu' })] });
  const outer = tf.sequential({ layers: [inner] });
  expect(() => activations(outer)).not.toThrow();
  outer.dispose();
});
