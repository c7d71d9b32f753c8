import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ParameterUpdates, parameterUpdates } from '../../src/index.js';
import { instrument } from '../../src/tfjs.js';
import { AdamW, type AdamWOptions, hasWeightDecay } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import torch from '../reference/fixtures/adamw.json' with { type: 'json' };
import { AdamWTwin } from './adamw-twin.js';

/** Gradients that look like gradients: of one magnitude a parameter, from tiny to large, with some zeros. */
const problem = fc.record({
  size: fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.integer({ min: 60, max: 70 }),
    fc.integer({ min: 4090, max: 4103 }),
  ),
  scale: fc.constantFrom(1e-6, 1e-3, 1, 30),
  seed: fc.integer({ min: 1, max: 1e6 }),
  decay: fc.constantFrom(0, 0.01),
});

const normal = (size: number, scale: number, seed: number) =>
  Array.from(tf.tidy(() => tf.randomNormal([size], 0, scale, 'float32', seed).dataSync()));

function apply(optimizer: AdamW, variable: tf.Variable, gradient: readonly number[]): void {
  tf.tidy(() => optimizer.applyGradients({ [variable.name]: tf.tensor1d([...gradient], 'float32') }));
}

function variableOf(values: readonly number[], name?: string): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor1d([...values], 'float32'), true, name));
}

const PATHS = BACKENDS.flatMap((backend) => [[backend, 'fused'] as const, [backend, 'composed'] as const]);

describe.each(PATHS)('AdamW on %s, %s', (backend, path) => {
  beforeAll(() => useBackend(backend));
  const adamW = (options: AdamWOptions = {}) => new AdamW({ path, ...options });

  it('agrees with its float64 twin', () => {
    fc.assert(
      fc.property(problem, ({ size, scale, seed, decay }) => {
        const before = held();
        const w = normal(size, 1, seed);
        const variable = variableOf(w, 'w');
        const twin = new AdamWTwin([...w]);
        const optimizer = adamW({ learningRate: 1e-2, weightDecay: decay });
        for (let step = 1; step <= 5; step++) {
          const g = normal(size, scale, seed + step);
          apply(optimizer, variable, g);
          twin.update(g, 1e-2, decay);
        }
        const values = variable.dataSync();
        for (let i = 0; i < size; i++) expect(Math.abs(values[i]! - twin.w[i]!)).toBeLessThan(1e-6);
        variable.dispose();
        optimizer.dispose();
        expect(held()).toEqual(before);
      }),
      { seed: 7, numRuns: 12 },
    );
  });

  it.each(torch.cases)('is where torch is after every step, with $options', ({ options, weights, moments }) => {
    const names = Object.keys(torch.shapes) as (keyof typeof torch.shapes)[];
    const variables = names.map((name) => variableOf(torch.start[name], name));
    const optimizer = adamW(options);
    torch.gradients.forEach((gradients, step) => {
      names.forEach((name, i) => {
        apply(optimizer, variables[i]!, gradients[name]);
        expectNear(variables[i]!.dataSync(), weights[step]![name], 4e-7);
      });
    });
    const state = optimizer.state();
    for (const name of names) {
      const { exp_avg, exp_avg_sq } = moments[name];
      expectNear(state.get(name)!.first, exp_avg, 1e-6);
      expectNear(state.get(name)!.second, exp_avg_sq, 1e-6);
    }
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('decays weights only, unless a group says otherwise', () => {
    const variables = ['dense/kernel', 'dense/bias', 'encoder.LayerNorm.weight', 'head/kernel'].map((name) =>
      variableOf([1, 1], name),
    );
    const optimizer = adamW({
      learningRate: 0.1,
      weightDecay: 0.5,
      groups: [{ parameters: /^head/, weightDecay: 0.25, learningRateScale: 2 }],
    });
    for (const variable of variables) apply(optimizer, variable, [0, 0]);
    expect(variables.map((variable) => variable.dataSync()[0])).toEqual([0.95, 1, 1, 0.95].map(Math.fround));
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('goes on from a state to the bit', () => {
    const variable = variableOf(normal(100, 1, 1));
    const first = adamW({ learningRate: 0.05, weightDecay: 0.01 });
    for (let step = 0; step < 4; step++) apply(first, variable, normal(100, 1, step + 2));
    const state = first.state();
    const copy = variableOf(Array.from(variable.dataSync()));
    const second = adamW({ learningRate: 0.05, weightDecay: 0.01 });
    second.restore(new Map([[copy.name, state.get(variable.name)!]]));
    for (let step = 4; step < 8; step++) {
      apply(first, variable, normal(100, 1, step + 2));
      apply(second, copy, normal(100, 1, step + 2));
    }
    expect(copy.dataSync()).toEqual(variable.dataSync());
    expect(second.iterations).toBe(first.iterations);
    tf.dispose([variable, copy]);
    first.dispose();
    second.dispose();
  });

  it("keeps tfjs's own getWeights and setWeights", async () => {
    const before = held();
    const variable = variableOf([1, 2, 3], 'kept');
    const first = adamW({ learningRate: 0.05 });
    apply(first, variable, [1, 2, 3]);
    const weights = await first.getWeights();
    const second = adamW({ learningRate: 0.05 });
    await second.setWeights(weights);
    expect(second.state()).toEqual(first.state());
    tf.dispose([variable, weights[0]!.tensor]);
    first.dispose();
    second.dispose();
    expect(held()).toEqual(before);
  });

  it('leaves a variable that no gradient reached', () => {
    const variable = variableOf([1], 'unreached');
    const optimizer = adamW({ learningRate: 0.1, weightDecay: 0.5 });
    optimizer.applyGradients({ unreached: undefined as never });
    expect(variable.dataSync()[0]).toBe(1);
    variable.dispose();
    optimizer.dispose();
  });

  it('writes weights that the next product sees', () => {
    // Backends may keep a packed copy of a matrix they have multiplied with.
    const variable = tf.tidy(() => tf.variable(tf.randomNormal([64, 64], 0, 1, 'float32', 3)));
    const x = tf.randomNormal<tf.Rank.R2>([8, 64], 0, 1, 'float32', 4);
    const optimizer = adamW({ learningRate: 0.1 });
    const product = () =>
      tf.tidy(() =>
        x
          .matMul(variable as tf.Tensor2D)
          .dataSync()
          .slice(),
      );
    const first = product();
    tf.tidy(() => optimizer.applyGradients({ [variable.name]: tf.ones([64, 64]) }));
    const second = product();
    const fresh = tf.tidy(() =>
      x
        .matMul(tf.tensor2d(variable.arraySync() as number[][]))
        .dataSync()
        .slice(),
    );
    expect(second).toEqual(fresh);
    expect(second).not.toEqual(first);
    tf.dispose([variable, x]);
    optimizer.dispose();
  });

  it('trains through minimize, and leaves nothing behind', () => {
    const before = held();
    const variable = variableOf([3, -2]);
    const optimizer = adamW({ learningRate: 0.1 });
    for (let i = 0; i < 200; i++) optimizer.minimize(() => variable.square().sum() as tf.Scalar, false, [variable]);
    expect(Math.max(...variable.dataSync().map(Math.abs))).toBeLessThan(1e-2);
    variable.dispose();
    optimizer.dispose();
    expect(held()).toEqual(before);
  });
});

describe.each(BACKENDS)('the statistics of a step of AdamW on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('are those of a pass over the values', async () => {
    const observed = async (path: 'fused' | 'composed') => {
      const variable = variableOf(normal(5000, 1, 5), 'observed');
      const optimizer = new AdamW({ learningRate: 1e-3, weightDecay: 0.01, path });
      const training = instrument(optimizer);
      const seen: ParameterUpdates[] = [];
      training.events$.pipe(parameterUpdates()).subscribe((updates) => seen.push(updates));
      for (let step = 0; step < 3; step++) apply(optimizer, variable, normal(5000, 1, step + 6));
      await training.close();
      variable.dispose();
      optimizer.dispose();
      return seen;
    };
    const [fused, composed] = [await observed('fused'), await observed('composed')];
    expect(fused).toHaveLength(3);
    fused.forEach((updates, step) => {
      for (const [statistic, column] of Object.entries(updates.columns)) {
        const expected = composed[step]!.columns[statistic as keyof typeof updates.columns][0]!;
        expect(column[0]! / expected || Number(column[0] === expected)).toBeCloseTo(1, 4);
      }
    });
  });
});

describe('AdamW', () => {
  afterAll(() => useBackend());

  it.each([
    [{ learningRate: -1 }, 'learningRate: expected a number of at least 0, got -1'],
    [{ beta1: 1 }, 'beta1: expected 0 to below 1, got 1'],
    [{ epsilon: 0 }, 'epsilon: expected a positive number, got 0'],
    [{ weightDecay: Number.NaN }, 'weightDecay: expected a number of at least 0, got NaN'],
  ])('refuses %o', (options, message) => {
    expect(() => new AdamW(options)).toThrow(message);
  });

  it('is the only optimizer that is an instance of it', () => {
    const optimizers = [new AdamW(), tf.train.adam()];
    expect(optimizers.map((optimizer) => optimizer instanceof AdamW)).toEqual([true, false]);
    for (const optimizer of optimizers) optimizer.dispose();
  });

  it('refuses moments of another shape', async () => {
    await useBackend('cpu');
    const variable = variableOf([1, 2], 'shaped');
    const optimizer = new AdamW();
    const moments = { step: 1, shape: [3], first: new Float32Array(3), second: new Float32Array(3) };
    expect(() => optimizer.restore(new Map([['shaped', moments]]))).toThrow(
      'shaped: expected moments of shape [2], got [3]',
    );
    variable.dispose();
    optimizer.dispose();
  });

  it.each([
    ['bert.encoder.layer.0.output.dense.weight', true],
    ['bert.encoder.layer.0.output.dense.bias', false],
    ['bert.embeddings.LayerNorm.weight', false],
    ['transformer.norm.weight', false],
    ['block.attn_norm.weight', false],
    ['dense/kernel_1', true],
    ['dense/bias_1', false],
    ['layer_normalization/gamma_2', false],
    ['batch_normalization/beta', false],
    ['enormous/weight', true],
    ['gammatone/kernel', true],
  ])('%s decays: %s', (name, decays) => {
    expect(hasWeightDecay(name)).toBe(decays);
  });
});

/** To float32 rounding: `tolerance` of a value, or of 1 where it is smaller. */
function expectNear(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
}
