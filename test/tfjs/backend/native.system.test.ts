/** What only a machine with the addon can show (`npm run native`). */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAddon, ownHeaders } from '../../../src/cli/native/addon.js';
import { packageDirectory } from '../../../src/cli/native/package.js';
import { verify } from '../../../src/cli/native/verify.js';
import { parameterUpdates } from '../../../src/index.js';
import type { PassedSums } from '../../../src/parameters/kernels/kernel.js';
import { passOver } from '../../../src/parameters/kernels/pass-over.js';
import { scalarKernel } from '../../../src/parameters/kernels/scalar-kernel.js';
import { createStepParameters } from '../../../src/tfjs/live-parameters.js';
import { tensorflowBackend } from '../../../src/tfjs/tensorflow-backend.js';
import { kernelSumsOfSquares, kernelUpdateSums, tensorflowWithKernels } from '../../../src/tfjs/tensorflow-kernels.js';
import { operationSumOfSquares, operationUpdateSums } from '../../../src/tfjs/tensorflow-operations.js';
import { instrument } from '../../../src/tfjs.js';
import { AdamW } from '../../../src/trainer.js';
import { held, useBackend } from '../../helpers/backend.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

beforeAll(async () => {
  const tfjsNode = packageDirectory(ROOT);
  if (!tfjsNode) throw new Error('@tensorflow/tfjs-node: expected it in node_modules; run `npm run native`');
  await useBackend('tensorflow');
});

const resident = () => process.memoryUsage.rss() / 2 ** 20;

/** The passes over a pair of tensors, by each of the ways there are on this backend. */
const WAYS: Readonly<Record<string, (w: tf.Tensor, v: tf.Tensor) => { sums: PassedSums; squares: number }>> = {
  "trainscope's kernels": (w, v) => {
    const owner = tensorflowWithKernels();
    if (!owner) throw new Error("tfjs-node: expected trainscope's kernels in its addon; run `npm run native`");
    return { sums: kernelUpdateSums(owner, [w], [v])[0]!, squares: kernelSumsOfSquares(owner, [v])[0]! };
  },
  "TensorFlow's own operations": (w, v) => {
    const owner = tensorflowBackend()!;
    // What is made when it is read is read while the tensors live.
    return { sums: { ...operationUpdateSums(owner, w, v) }, squares: operationSumOfSquares(owner, v) };
  },
};

describe.each(Object.entries(WAYS))('statistics by %s', (name, way) => {
  const float32 = (limits: fc.FloatConstraints) => fc.float({ noDefaultInfinity: true, noNaN: true, ...limits });
  const scales = fc.constantFrom(1e-33, 1e-20, 1e-3, 1, 1e18, 1e30);
  const problem = fc.record({
    values: fc.array(
      fc.record({ w: float32({ min: -1, max: 1 }), d: fc.oneof(fc.constant(0), float32({ min: -1, max: 1 })) }),
      {
        minLength: 1,
        maxLength: 400,
      },
    ),
    scale: scales,
  });

  const sumsOf = (before: Float32Array, after: Float32Array) => {
    const tensors = [tf.tensor1d(before), tf.tensor1d(after)] as const;
    const found = way(...tensors);
    tf.dispose([...tensors]);
    return found;
  };

  it('equal the scalar kernel to 1e-6, where float32 squares underflow and overflow too', () => {
    const before = held();
    fc.assert(
      fc.property(problem, ({ values, scale }) => {
        // TensorFlow's operations take denormals for zero, so they get none here.
        const exact = name === "trainscope's kernels";
        const normal = (x: number) => (!exact && Math.abs(x) < 1e-36 ? 0 : x);
        const w = Float32Array.from(values, (value) => normal(value.w * scale));
        const v = Float32Array.from(values, (value, i) => normal(w[i]! + value.d * scale));
        const { sums, squares } = sumsOf(w, v);
        const expected = passOver(scalarKernel, w, v);
        for (const [statistic, value] of Object.entries(expected)) {
          const got = sums[statistic as keyof typeof sums];
          // The difference is rounded to float32, once, and to operations one below 1e-36 is none.
          const least = exact || statistic === 'unchanged' ? 0 : 1e-70;
          expect(Math.abs(got - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value) + least);
        }
        const expectedSquares = scalarKernel.squares(v);
        expect(Math.abs(squares - expectedSquares)).toBeLessThanOrEqual(1e-6 * expectedSquares);
      }),
      { seed: 11, numRuns: 60 },
    );
    expect(held()).toEqual(before);
  });

  it.each([Number.NaN, Infinity, -Infinity])('show %d, and count it', (bad) => {
    for (const place of [0, 500, 999]) {
      const w = new Float32Array(1001).fill(1);
      const v = w.slice();
      v[place] = bad;
      expect(sumsOf(w, v)).toEqual({ sums: passOver(scalarKernel, w, v), squares: scalarKernel.squares(v) });
    }
  });

  it('hold differences that float32 does not', () => {
    const w = new Float32Array(9).fill(-3e38);
    const v = new Float32Array(9).fill(3e38);
    const { sums } = sumsOf(w, v);
    const exact = passOver(scalarKernel, w, v);
    expect(Math.abs(sums.updateSquares / exact.updateSquares - 1)).toBeLessThan(1e-6);
    expect(Math.abs(sums.maxAbsUpdate / exact.maxAbsUpdate - 1)).toBeLessThan(1e-6);
  });

  it('are right at a hundred million elements', () => {
    const before = held();
    const n = 1e8;
    const values = [0.1, 0.2, 0.3, 0.4].map(Math.fround);
    const step = Math.fround(2 ** -12);
    const [w, v] = tf.tidy(() => {
      const start = tf.tile(tf.tensor1d(values), [n / 4]);
      return [start, tf.add(start, step)];
    });
    const { sums } = way(w!, v!);
    const moved = values.map((value) => Math.fround(value + step) - value);
    const squares = (list: readonly number[]) => (list.reduce((sum, x) => sum + x * x, 0) * n) / 4;
    expect(Math.abs(sums.updateSquares / squares(moved) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(sums.weightSquares / squares(values) - 1)).toBeLessThan(1e-6);
    expect(sums.maxAbsUpdate).toBe(Math.max(...moved));
    expect([sums.unchanged, sums.nonFinite]).toEqual([0, 0]);
    tf.dispose([w!, v!]);
    expect(held()).toEqual(before);
  });
});

describe('statistics on tensorflow', () => {
  it('of many tensors at once are those of each, to the bit, at every run', () => {
    const owner = tensorflowWithKernels()!;
    const sizes = [0, 1, 3, 4, 5, 1000, 65_535, 65_536, 65_537, 700_000];
    const [w, v] = [1, 2].map((seed) => sizes.map((size) => tf.randomNormal([size], 0, 1, 'float32', seed)));
    const together = kernelUpdateSums(owner, w!, v!);
    expect(together).toEqual(sizes.map((_, i) => kernelUpdateSums(owner, [w![i]!], [v![i]!])[0]));
    for (let run = 0; run < 20; run++) expect(kernelUpdateSums(owner, w!, v!)).toEqual(together);
    expect(kernelSumsOfSquares(owner, w!)).toEqual(sizes.map((_, i) => kernelSumsOfSquares(owner, [w![i]!])[0]));
    tf.dispose([...w!, ...v!]);
  });

  it('are what a step with parameters of every size shows', async () => {
    const sizes = [10, 70_000, 3_000_000];
    const variables = sizes.map((size) =>
      tf.tidy(() => tf.variable(tf.randomNormal([size], 0, 1, 'float32', size), true, `size-${size}`)),
    );
    const parameters = createStepParameters(variables.map((variable) => ({ name: variable.name, variable })));
    const snapshot = parameters.snapshot();
    const old = variables.map((variable) => variable.dataSync() as Float32Array);
    for (const variable of variables) tf.tidy(() => variable.assign(tf.mul(variable, 1.001)));
    parameters.advance();
    const { columns } = await parameters.compare(snapshot, { statistics: ['updateNorm', 'weightNorm', 'unchanged'] });
    variables.forEach((variable, i) => {
      const exact = passOver(scalarKernel, old[i]!, variable.dataSync() as Float32Array);
      expect(Math.abs(columns.updateNorm[i]! / Math.sqrt(exact.updateSquares) - 1)).toBeLessThan(1e-6);
      expect(Math.abs(columns.weightNorm[i]! / Math.sqrt(exact.weightSquares) - 1)).toBeLessThan(1e-6);
      expect(columns.unchanged[i]).toBe(exact.unchanged / variable.size);
    });
    snapshot.dispose();
    parameters.release();
    tf.dispose(variables);
  });
});

describe('AdamW by the kernel', () => {
  it('is what the composed one is on many threads, and measures what it did', () => {
    const before = held();
    const size = 1_200_001;
    const options = { learningRate: 1e-2, weightDecay: 0.01 };
    const optimizers = {
      fused: new AdamW({ ...options, path: 'fused' }),
      composed: new AdamW({ ...options, path: 'composed' }),
    };
    const start = tf.randomNormal([size], 0, 1, 'float32', 1);
    const variables = Object.keys(optimizers).map((name) => tf.variable(start, true, name));
    for (let step = 0; step < 3; step++) {
      const gradient = tf.randomNormal([size], 0, 1, 'float32', step + 2);
      const old = variables[0]!.dataSync() as Float32Array;
      for (const [name, optimizer] of Object.entries(optimizers)) optimizer.applyGradients({ [name]: gradient });
      const [fused, composed] = variables.map((variable) => variable.dataSync() as Float32Array);
      expect(fused!.reduce((most, x, i) => Math.max(most, Math.abs(x - composed![i]!)), 0)).toBeLessThan(1e-6);
      const exact = {
        ...passOver(scalarKernel, old, fused!),
        gradientSquares: scalarKernel.squares(gradient.dataSync() as Float32Array),
      };
      const measured = optimizers.fused.stepSums!.get('fused')!;
      for (const [name, value] of Object.entries(exact)) {
        const got = measured[name as keyof typeof measured];
        expect(Math.abs(got - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value));
      }
      gradient.dispose();
    }
    for (const optimizer of Object.values(optimizers)) optimizer.dispose();
    tf.dispose([start, ...variables]);
    expect(held()).toEqual(before);
  });
});

describe('the kernel of AdamW', () => {
  it('touches nothing where the moments or the gradient have another length', () => {
    const before = held();
    const owner = tensorflowWithKernels()!;
    const coefficients = tf.tensor1d([1, 0.999, 0.1, 0.001, 1, 1, 1e-8]);
    for (const short of [1, 2, 3]) {
      const inputs = [0, 1, 2, 3].map((i) => tf.ones([i === short ? 4 : 2000]));
      expect(() => owner.executeMultipleOutputs('TrainscopeAdamW', [], [...inputs, coefficients], 2)).toThrow(
        "gradient and moments: expected tensors of the weights' size",
      );
      for (const input of inputs) expect(new Set(input.dataSync())).toEqual(new Set([1]));
      tf.dispose(inputs);
    }
    coefficients.dispose();
    expect(held()).toEqual(before);
  });
});

describe('memory', () => {
  it('a snapshot is a reference: no data of its own, and none in the process', () => {
    const variable = tf.tidy(() => tf.variable(tf.randomUniform([5e7])));
    const parameters = createStepParameters([{ name: 'p', variable }]);
    const { numDataBuffers } = tf.memory();
    const before = resident();
    const snapshot = parameters.snapshot();
    expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
    // A copy would be 191 MiB.
    expect(resident() - before).toBeLessThan(40);
    snapshot.dispose();
    parameters.release();
    variable.dispose();
  });

  it('hundreds of observed AdamW steps hold no more than ten', async () => {
    const before = held();
    const variable = tf.tidy(() => tf.variable(tf.randomNormal([2e6]), true, 'steady'));
    const gradient = tf.tidy(() => tf.randomNormal([2e6], 0, 1e-2));
    const optimizer = new AdamW({ learningRate: 1e-3, weightDecay: 0.01 });
    const training = instrument(optimizer);
    let seen = 0;
    training.attach(training.events$.pipe(parameterUpdates()), () => seen++);
    const steps = (count: number) => {
      for (let i = 0; i < count; i++) optimizer.applyGradients({ steady: gradient });
      return resident();
    };
    const early = steps(20);
    const late = steps(200);
    // One tensor a step would be 1,526 MiB.
    expect(late - early).toBeLessThan(150);
    expect(seen).toBe(220);
    await training.close();
    optimizer.dispose();
    tf.dispose([variable, gradient]);
    expect(held()).toEqual(before);
  });
});

describe('npm run native', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'trainscope-native-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** A project that has tfjs-node, as npm leaves it without its install script. */
  function projectIn(parent: string): { readonly project: string; readonly tfjsNode: string } {
    const project = mkdtempSync(join(parent, 'project-'));
    const tfjsNode = join(project, 'node_modules', '@tensorflow', 'tfjs-node');
    mkdirSync(tfjsNode, { recursive: true });
    writeFileSync(join(project, 'package.json'), '{}');
    const installed = packageDirectory(ROOT)!;
    cpSync(installed, tfjsNode, {
      recursive: true,
      filter: (path) => path === installed || !['deps', 'lib', 'node_modules', 'trainscope'].includes(basename(path)),
    });
    return { project, tfjsNode };
  }

  function run(project: string, env: Readonly<Record<string, string>> = {}) {
    const args = ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'scripts/native.ts')];
    // Nothing listens there: whatever needs this host does without.
    const nowhere = 'http://127.0.0.1:9/';
    const offline = {
      TFJS_NODE_CDN_STORAGE: nowhere,
      PIP_INDEX_URL: nowhere,
      PIP_EXTRA_INDEX_URL: '',
      PIP_NO_CACHE_DIR: '1',
    };
    return new Promise<{ code: unknown; said: string }>((resolve) => {
      execFile(
        process.execPath,
        args,
        { cwd: project, env: { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json'), ...offline, ...env } },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, said: stdout + stderr }),
      );
    });
  }

  const remains = /^(deps|lib|build.*|\.native-.*)$/;

  it('says which tools are missing', async () => {
    const { project, tfjsNode } = projectIn(scratch);
    const { code, said } = await run(project, { CXX: '/nowhere/g++', MAKE: '/nowhere/make' });
    expect(said).toMatch(/^tools: .*missing: make, a C\+\+ compiler$/m);
    expect(said).toContain('apt-get install');
    expect(code).toBe(1);
    expect(readdirSync(tfjsNode).filter((name) => remains.test(name))).toEqual([]);
  });

  it('says that the Python package index cannot be reached, and leaves nothing behind', async () => {
    const { project, tfjsNode } = projectIn(scratch);
    const { code, said } = await run(project);
    expect(said).toMatch(/^network: expected tensorflow-cpu.* got no connection to it$/m);
    expect(code).toBe(1);
    expect(readdirSync(tfjsNode).filter((name) => remains.test(name))).toEqual([]);
  });

  it("adds the kernels to a tfjs-node that works without, and leaves that as it is where they don't compile", async () => {
    // Among the packages that tfjs-node needs.
    const cache = join(ROOT, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    const { project, tfjsNode } = projectIn(cache);
    try {
      symlinkSync(join(packageDirectory(ROOT)!, 'deps'), join(tfjsNode, 'deps'));
      await buildAddon(tfjsNode, 'python3', ownHeaders(), { kernels: false });
      expect((await verify(project)).kernels).toBe(false);

      const without = await run(project, { CXXFLAGS: '--no-such-flag' });
      expect(without.said).toMatch(
        /^\[1\/1\] kernels {3}left out \(.+\): statistics then are TensorFlow's own operations/m,
      );
      expect(without.code).toBe(0);
      expect((await verify(project)).kernels).toBe(false);

      const added = await run(project);
      expect(added.said).toMatch(/^\[1\/1\] kernels {3}compiled into the addon; an update is measured right, \d+ s$/m);
      expect((await verify(project)).kernels).toBe(true);
      expect(readdirSync(tfjsNode).filter((name) => /^(build.*|\.native-.*)$/.test(name))).toEqual([]);

      expect((await run(project)).said).toMatch(/^already there and right: libtensorflow \S+; nothing to do$/m);
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });
});
