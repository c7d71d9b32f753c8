import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ParameterUpdates, parameterUpdates } from '../../src/index.js';
import { instrument } from '../../src/tfjs.js';
import { AdamW, type AdamWOptions, hasWeightDecay } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import torch from '../reference/fixtures/adamw.json' with { type: 'json' };
import { AdamWTwin, lerp } from './adamw-twin.js';

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

  it('follows torch where the first beta is below one half: a step of 0.1 after a gradient of a million', () => {
    const variable = variableOf([1, 1, 1, 1, 1], 'w');
    const optimizer = adamW({ learningRate: 0.1, beta1: 0, beta2: 0 });
    for (const gradient of [1e6, 0.01]) apply(optimizer, variable, new Array(5).fill(gradient));
    expectNear(optimizer.state().get('w')!.first, new Array(5).fill(0.01), 1e-9);
    expectNear(variable.dataSync(), new Array(5).fill(0.8), 1e-6);
    variable.dispose();
    optimizer.dispose();
  });

  it('moves first moments as torch.lerp does, to the rounding of the nearer end', () => {
    const magnitude = fc.constantFrom(0, 1e-3, 0.01, 1, 1e3, 1e6);
    const row = fc.array(fc.tuple(magnitude, magnitude, magnitude), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(row, fc.constantFrom(0, 0.1, 0.3, 0.49, 0.5, 0.51, 0.9, 0.99), (gradients, beta1) => {
        const variable = variableOf(
          gradients.map(() => 1),
          'w',
        );
        const optimizer = adamW({ beta1 });
        const weight = 1 - beta1;
        let before = gradients.map(() => 0);
        for (let step = 0; step < 3; step++) {
          const given = gradients.map((values, i) => values[step]! * (i % 2 ? -1 : 1));
          apply(optimizer, variable, given);
          const { first } = optimizer.state().get('w')!;
          given.map(Math.fround).forEach((g, i) => {
            const m = before[i]!;
            const way = Math.abs(g - m) * (weight < 0.5 ? weight : beta1);
            const expected = lerp(m, g, weight);
            expect(Math.abs(first[i]! - expected)).toBeLessThanOrEqual(2 ** -22 * (Math.abs(expected) + way));
          });
          before = [...first];
        }
        variable.dispose();
        optimizer.dispose();
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it.each([
    ['more elements', [2000]],
    ['fewer', [3]],
    ['another shape', [2, 2]],
    ['the same shape', [4]],
  ])('begins anew with a variable that was made anew under the name, with %s', (_which, shape) => {
    const before = held();
    const optimizer = adamW({ learningRate: 0.1 });
    const old = variableOf([1, 2, 3, 4], 'w');
    apply(optimizer, old, [1, 2, 3, 4]);
    old.dispose();
    // What lies beside the moments in the heap: a kernel that goes past their end writes over it.
    const beside = tf.tidy(() => Array.from({ length: 30 }, () => tf.keep(tf.ones([4]))));
    const made = tf.tidy(() => tf.variable(tf.ones(shape), true, 'w'));
    tf.tidy(() => optimizer.applyGradients({ w: tf.ones(shape) }));
    const fresh = adamW({ learningRate: 0.1 });
    const twin = tf.tidy(() => tf.variable(tf.ones(shape), true, 'twin'));
    tf.tidy(() => fresh.applyGradients({ twin: tf.ones(shape) }));
    expect(made.dataSync()).toEqual(twin.dataSync());
    expect(optimizer.state().get('w')).toEqual(fresh.state().get('twin'));
    for (const tensor of beside) expect([...tensor.dataSync()]).toEqual([1, 1, 1, 1]);
    tf.dispose([made, twin, beside]);
    fresh.dispose();
    optimizer.dispose();
    expect(held()).toEqual(before);
  });

  it('says nothing of a variable whose name is another one’s now', async () => {
    const optimizer = adamW();
    const old = variableOf([1, 2, 3, 4], 'w');
    apply(optimizer, old, [1, 2, 3, 4]);
    old.dispose();
    expect(optimizer.state().get('w')?.shape).toEqual([4]);
    const made = variableOf([1, 2], 'w');
    expect(optimizer.state().size).toBe(0);
    const [iterations, ...moments] = await optimizer.getWeights();
    expect(moments).toEqual([]);
    tf.dispose([made, iterations!.tensor]);
    optimizer.dispose();
  });

  it('keeps a state for a variable that is made later, if it has the shape', () => {
    const moments = { step: 3, shape: [2], first: Float32Array.of(1, 2), second: Float32Array.of(3, 4) };
    const steps = [[2], [3]].map((shape) => {
      const before = held();
      const optimizer = adamW();
      optimizer.restore(new Map([['later', moments]]));
      const variable = tf.tidy(() => tf.variable(tf.ones(shape), true, 'later'));
      tf.tidy(() => optimizer.applyGradients({ later: tf.ones(shape) }));
      const { step } = optimizer.state().get('later')!;
      variable.dispose();
      optimizer.dispose();
      expect(held()).toEqual(before);
      return step;
    });
    expect(steps).toEqual([4, 1]);
  });

  it('refuses a gradient of another shape, before anything is updated', () => {
    const before = held();
    const [first, second] = [variableOf([1, 2], 'first'), variableOf([1, 2], 'second')];
    const optimizer = adamW();
    expect(() => tf.tidy(() => optimizer.applyGradients({ first: tf.ones([2]), second: tf.ones([1]) }))).toThrow(
      'second: expected a gradient of shape [2], as the variable has, got [1]',
    );
    expect([...first.dataSync(), ...second.dataSync()]).toEqual([1, 2, 1, 2]);
    expect(optimizer.state().size).toBe(0);
    tf.dispose([first, second]);
    optimizer.dispose();
    expect(held()).toEqual(before);
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

  it('goes on where the backend is another one, both ways', async () => {
    const before = held();
    const trained = async (backends: readonly string[]) => {
      await useBackend(backends[0]);
      const variable = variableOf(normal(50, 1, 1), 'w');
      const optimizer = new AdamW({ learningRate: 0.1 });
      for (const [step, backend] of backends.entries()) {
        await useBackend(backend);
        apply(optimizer, variable, normal(50, 1, step + 2));
      }
      const { first, second } = optimizer.state().get('w')!;
      const values = [...variable.dataSync(), ...first, ...second];
      variable.dispose();
      optimizer.dispose();
      return values;
    };
    const expected = await trained(['cpu', 'cpu', 'cpu', 'cpu', 'cpu']);
    expectNear(await trained(['cpu', 'wasm', 'wasm', 'cpu', 'cpu']), expected, 1e-6);
    expectNear(await trained(['wasm', 'cpu', 'cpu', 'wasm', 'wasm']), expected, 1e-6);
    expect(held()).toEqual(before);
    await useBackend();
  });

  it('refuses a state whose values are not as many as its shape says, and keeps what it had', () => {
    const variable = variableOf([1, 2], 'kept');
    const optimizer = new AdamW();
    apply(optimizer, variable, [1, 2]);
    const [before, state] = [held(), optimizer.state()];
    const moments = { step: 1, shape: [2], first: new Float32Array(2), second: new Float32Array(3) };
    expect(() => optimizer.restore(new Map([['kept', moments]]))).toThrow(
      'kept: expected 2 values of each moment, as the shape [2] has, got 2 and 3',
    );
    expect([held(), optimizer.state()]).toEqual([before, state]);
    variable.dispose();
    optimizer.dispose();
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate: expected a number of at least 0, got -1'],
    [{ beta1: 1 }, 'beta1: expected 0 to below 1, got 1'],
    [{ epsilon: 0 }, 'epsilon: expected a positive number, got 0'],
    [{ weightDecay: Number.NaN }, 'weightDecay: expected a number of at least 0, got NaN'],
  ])('refuses %o', (options, message) => {
    expect(() => new AdamW(options)).toThrow(new TypeError(message));
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
