import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownVariables, slotLists } from '../../src/tfjs/optimizer-slots.js';
import { instrument, type ModelBatch, suggestLearningRate } from '../../src/tfjs.js';
import { AdamW } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend());

/** Of a quadratic with this curvature: gradient descent is best at its inverse, and diverges beyond twice that. */
function quadratic(curvature: number) {
  const w = tf.variable(tf.tensor1d([1, -2, 3]));
  return {
    w,
    loss: () =>
      tf.tidy(
        () =>
          w
            .square()
            .sum()
            .mul(curvature / 2) as tf.Scalar,
      ),
  };
}

function classifier(optimizer: tf.Optimizer): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 8, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: 'relu' }),
      tf.layers.dropout({ rate: 0.1, seed: 3 }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Which of the first three measures is the largest. */
function examples(count = 90): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const xs = tf.randomNormal<tf.Rank.R2>([count, 4], 0, 1, 'float32', 7);
  const ys = tf.tidy(() => tf.oneHot(xs.slice([0, 0], [-1, 3]).argMax(1).toInt(), 3) as tf.Tensor2D);
  return { xs, ys };
}

const valuesOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => Array.from(tensor.dataSync()));

/** Everything that a training goes on from. */
function stateOf(model: tf.LayersModel) {
  const { optimizer } = model;
  const slots = slotLists(optimizer).flatMap(([, list]) => list.map(({ variable }) => variable));
  const own = ownVariables(optimizer).map(([, variable]) => variable);
  return {
    weights: valuesOf(model.getWeights()),
    optimizer: optimizer instanceof AdamW ? [...optimizer.state().values()] : valuesOf([...own, ...slots]),
    iterations: optimizer.iterations,
    rate: (optimizer as unknown as { learningRate: number }).learningRate,
  };
}

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.05),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.9),
  AdamW: () => new AdamW({ learningRate: 0.01, weightDecay: 0.01 }),
};

describe('suggestLearningRate', () => {
  it.each([0.01, 1, 100])(
    'finds the rate of a quadratic of curvature %d, below where it diverges',
    async (curvature) => {
      const { w, loss } = quadratic(curvature);
      const optimizer = tf.train.sgd(0.123);
      const before = held();
      const suggestion = await suggestLearningRate(optimizer, loss, { max: 1e4, steps: 120 });
      expect(held()).toEqual(before);
      if (!suggestion.found) throw new Error(suggestion.message);
      // The update is rate × curvature × w: 3 % of w.
      expect(suggestion.rates.updateRatio * curvature).toBeCloseTo(0.03, 4);
      expect(suggestion.by).toBe('update-ratio');
      expect(suggestion.learningRate).toBe(Number((0.03 / curvature).toPrecision(2)));
      expect(suggestion.rates.lowest * curvature).toBeGreaterThan(0.1);
      expect(suggestion.rates.lowest * curvature).toBeLessThan(10);
      expect(Array.from(w.dataSync())).toEqual([1, -2, 3]);
      optimizer.dispose();
      w.dispose();
    },
  );

  it('suggests less where the loss does not bear so large updates', async () => {
    // Far from zero, so that 3 % of the weights is a leap: the loss is lowest at a rate near 1.
    const w = tf.variable(tf.tensor1d([1000, 1000.5]));
    const loss = () => tf.tidy(() => w.sub(1000.2).square().sum().div(2) as tf.Scalar);
    const optimizer = tf.train.sgd(0.1);
    const suggestion = await suggestLearningRate(optimizer, loss, { max: 1e3 });
    if (!suggestion.found) throw new Error(suggestion.message);
    expect(suggestion.by).toBe('loss');
    expect(suggestion.rates.updateRatio).toBeGreaterThan(10);
    expect(suggestion.learningRate).toBe(Number((suggestion.rates.lowest / 5).toPrecision(2)));
    expect(suggestion.learningRate).toBeLessThan(2);
    optimizer.dispose();
    w.dispose();
  });

  it.each(Object.keys(OPTIMIZERS))('puts everything back to the bit: a model with %s, used and new', async (name) => {
    const data = examples();
    const model = classifier(OPTIMIZERS[name]!());
    const twin = classifier(OPTIMIZERS[name]!());
    for (const round of ['new', 'used']) {
      const before = held();
      const state = stateOf(model);
      const suggestion = await suggestLearningRate(model, data, { steps: 20 });
      expect(suggestion.points.length, round).toBeGreaterThan(5);
      expect(held(), round).toEqual(before);
      expect(stateOf(model), round).toEqual(state);
      // What follows is what would have followed, on a model that was never tested.
      for (const each of [model, twin]) await each.trainOnBatch(data.xs, data.ys);
      expect(stateOf(model), round).toEqual(stateOf(twin));
    }
    for (const each of [model, twin]) {
      each.optimizer.dispose();
      each.dispose();
    }
    tf.dispose([data.xs, data.ys]);
  });

  it('puts back a rate that was assigned, and the one that SGD goes by', async () => {
    const { w, loss } = quadratic(1);
    const optimizer = tf.train.sgd(0.25);
    (optimizer as unknown as { learningRate: number }).learningRate = 7;
    await suggestLearningRate(optimizer, loss);
    expect((optimizer as unknown as { learningRate: number }).learningRate).toBe(7);
    optimizer.minimize(loss);
    expect(Array.from(w.dataSync())).toEqual([0.75, -1.5, 2.25]);
    optimizer.dispose();
    w.dispose();
  });

  it('leaves alone what others change meanwhile', async () => {
    const { w, loss } = quadratic(1);
    const other = tf.variable(tf.scalar(1));
    const optimizer = tf.train.sgd(0.1);
    const running = suggestLearningRate(optimizer, loss, { steps: 20 });
    await new Promise((resolve) => setTimeout(resolve));
    tf.tidy(() => other.assign(tf.scalar(2)));
    await running;
    expect(other.dataSync()[0]).toBe(2);
    tf.dispose([w, other]);
    optimizer.dispose();
  });

  it('compares each batch with itself at the first weights', async () => {
    const { w, loss } = quadratic(1);
    const optimizer = tf.train.sgd(0.1);
    // Batches that differ by far more than the loss falls at first.
    const noisy = (step: number) => tf.tidy(() => loss().add((step % 7) * 10) as tf.Scalar);
    const { points } = await suggestLearningRate(optimizer, noisy, { steps: 40 });
    expect(points.map(({ firstLoss }) => firstLoss)).toEqual(points.map((_, step) => 7 + (step % 7) * 10));
    const falling = points.filter(({ learningRate }) => learningRate > 1e-3 && learningRate < 0.1);
    for (const [i, { change }] of falling.slice(1).entries()) expect(change).toBeLessThan(falling[i]!.change);
    optimizer.dispose();
    w.dispose();
  });

  it('stops early where the loss diverges, and where it is no longer finite', async () => {
    const { w, loss } = quadratic(1);
    const optimizer = tf.train.sgd(0.1);
    const { ended, points } = await suggestLearningRate(optimizer, loss, { max: 1e6, steps: 130 });
    expect(ended).toBe('diverged');
    expect(points.at(-1)!.learningRate).toBeLessThan(100);
    const breaks = (step: number) => tf.tidy(() => (step < 75 ? loss() : (loss().mul(Number.NaN) as tf.Scalar)));
    const broken = await suggestLearningRate(optimizer, breaks);
    expect([broken.ended, broken.points.length, broken.found]).toEqual(['not-finite', 76, true]);
    optimizer.dispose();
    w.dispose();
  });

  it('suggests nothing, and says why, where the loss never falls', async () => {
    const { w, loss } = quadratic(1);
    const optimizer = tf.train.sgd(0.1);
    const up = await suggestLearningRate(optimizer, () => tf.tidy(() => loss().neg() as tf.Scalar), {
      max: 1e-9,
      min: 1e-12,
    });
    expect(up).toMatchObject({ found: false, reason: 'no-fall', ended: 'highest-rate' });
    const flat = await suggestLearningRate(optimizer, () => tf.tidy(() => loss().mul(0).add(1) as tf.Scalar));
    expect(flat).toMatchObject({ found: false, reason: 'no-fall' });
    if (!flat.found) expect(flat.message).toContain('no parameter moved');
    const nan = await suggestLearningRate(optimizer, () => tf.tidy(() => loss().mul(Number.NaN) as tf.Scalar));
    expect(nan).toMatchObject({ found: false, reason: 'not-finite', ended: 'not-finite' });
    w.assign(tf.tidy(() => tf.zeros([3])));
    const learned = await suggestLearningRate(optimizer, () => tf.tidy(() => loss().add(1) as tf.Scalar));
    expect(learned).toMatchObject({ found: false, reason: 'no-fall' });
    optimizer.dispose();
    w.dispose();
  });

  it('takes batches of a dataset, an iterable and an async iterable, from the beginning again, and disposes what they make', async () => {
    const data = examples(64);
    const model = classifier(tf.train.adam(0.01));
    const makes = function* (): Generator<ModelBatch> {
      for (const at of [0, 32]) yield { xs: data.xs.slice(at, 32), ys: data.ys.slice(at, 32) };
    };
    const sources = [
      tf.data.zip({ xs: tf.data.array(await data.xs.array()), ys: tf.data.array(await data.ys.array()) }).batch(32),
      [data],
      { [Symbol.iterator]: makes },
      {
        async *[Symbol.asyncIterator]() {
          yield* makes();
        },
      },
    ];
    for (const source of sources) {
      const before = held();
      const { points } = await suggestLearningRate(model, source as Iterable<ModelBatch>, { steps: 20, max: 1e-2 });
      expect(points).toHaveLength(20);
      expect(held()).toEqual(before);
    }
    const once = await suggestLearningRate(model, makes(), { steps: 20 });
    expect([once.points.length, once.ended]).toEqual([2, 'no-more-data']);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([data.xs, data.ys]);
  });

  it('makes batches of all examples, each of which comes once before any comes again', async () => {
    const seen: number[] = [];
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const trainOnBatch = model.trainOnBatch.bind(model);
    model.trainOnBatch = (x, y) => {
      seen.push(...(x as tf.Tensor).dataSync());
      return trainOnBatch(x, y);
    };
    const xs = tf.range(0, 50).reshape([50, 1]);
    await suggestLearningRate(model, { xs, ys: xs }, { steps: 20, max: 1e-6, batchSize: 5 });
    expect(seen).toHaveLength(100);
    expect(new Set(seen.slice(0, 50)).size).toBe(50);
    // Sorted examples come mixed: a batch is from all over.
    expect(Math.max(...seen.slice(0, 5)) - Math.min(...seen.slice(0, 5))).toBeGreaterThan(25);
    model.optimizer.dispose();
    model.dispose();
    xs.dispose();
  });

  it('takes a model of several inputs and outputs, by name and in order', async () => {
    const a = tf.input({ shape: [2], name: 'a' });
    const b = tf.input({ shape: [2], name: 'b' });
    const both = tf.layers.concatenate().apply([a, b]) as tf.SymbolicTensor;
    const outputs = ['p', 'q'].map((name) => tf.layers.dense({ units: 1, name }).apply(both) as tf.SymbolicTensor);
    const model = tf.model({ inputs: [a, b], outputs });
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError', metrics: ['mse'] });
    const x = tf.randomNormal([20, 2], 0, 1, 'float32', 1);
    const y = tf.ones([20, 1]);
    const before = held();
    const byName = await suggestLearningRate(model, { xs: { a: x, b: x }, ys: { p: y, q: y } }, { steps: 20 });
    const inOrder = await suggestLearningRate(model, { xs: [x, x], ys: [y, y] }, { steps: 20 });
    expect(inOrder).toEqual(byName);
    expect(byName.points[3]!.firstLoss).toBeCloseTo(byName.points[0]!.loss, 0);
    expect(held()).toEqual(before);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  });

  it('puts everything back where the loss throws, and a batch does not fit', async () => {
    const { w, loss } = quadratic(1);
    const optimizer = tf.train.adam(0.1);
    const before = held();
    const throws = (step: number) => {
      if (step === 30) throw new Error('no more');
      return loss();
    };
    await expect(suggestLearningRate(optimizer, throws)).rejects.toThrow('no more');
    expect(held()).toEqual(before);
    expect(Array.from(w.dataSync())).toEqual([1, -2, 3]);
    expect([optimizer.iterations, (optimizer as unknown as { learningRate: number }).learningRate]).toEqual([0, 0.1]);
    const model = classifier(tf.train.adam(0.1));
    const wrong = { xs: tf.zeros([8, 5]), ys: tf.zeros([8, 3]) };
    const count = held();
    await expect(suggestLearningRate(model, wrong)).rejects.toThrow(/shape/);
    expect(held()).toEqual(count);
    model.optimizer.dispose();
    model.dispose();
    optimizer.dispose();
    tf.dispose([w, wrong.xs, wrong.ys]);
  });

  it('refuses what makes no test, before it changes anything', async () => {
    const { w, loss } = quadratic(1);
    const optimizer = tf.train.sgd(0.1);
    const model = classifier(tf.train.adam(0.1));
    const data = examples(8);
    const ys = data.ys.slice(0, 4);
    const any = suggestLearningRate as (target: unknown, data: unknown, options?: unknown) => Promise<unknown>;
    const cases: readonly (readonly [target: unknown, data: unknown, options: unknown, message: RegExp])[] = [
      [
        {},
        loss,
        {},
        /target: expected a tf.Optimizer or a compiled tf.LayersModel, .*; give suggestLearningRate\(\) what/,
      ],
      [optimizer, data, {}, /loss: expected a function step → loss, since the target is an optimizer/],
      [model, loss, {}, /data: expected \{ xs, ys \}, a tf.data.Dataset or an iterable/],
      [model, data.xs, {}, /data: expected \{ xs, ys \}/],
      [model, [1], {}, /data: expected batches \{ xs, ys \}, got 1/],
      [model, [], {}, /data: expected at least one batch, got none/],
      [model, { xs: data.xs, ys }, {}, /data: expected examples, as many in each of xs and ys, got "8 and 4"/],
      [optimizer, loss, { min: 1, max: 0.1 }, /max: expected a rate above min, 1, got 0.1/],
      [optimizer, loss, { min: 0 }, /min: expected a positive number, got 0/],
      [optimizer, loss, { steps: 5 }, /steps: expected at least 20, got 5/],
      [optimizer, loss, { batchSize: 5 }, /batchSize: expected one of/],
      [model, data, { step: 5 }, /did you mean "steps"/],
    ];
    for (const [target, given, options, message] of cases) {
      await expect(any(target, given, options)).rejects.toThrow(message);
    }
    const training = instrument(optimizer);
    await expect(suggestLearningRate(optimizer, loss)).rejects.toThrow(
      /expected an optimizer that is not instrumented/,
    );
    await training.close();
    expect(Array.from(w.dataSync())).toEqual([1, -2, 3]);
    model.optimizer.dispose();
    model.dispose();
    optimizer.dispose();
    tf.dispose([w, data.xs, data.ys, ys]);
  });
});
