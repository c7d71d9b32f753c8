import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patchBackend, patchedKernels } from '../../../src/tfjs/backend/patch-backend.js';
import { instrument } from '../../../src/tfjs/instrument.js';
import { held } from '../../helpers/backend.js';

/** Run with the backend as it comes, or patched. */
async function on<T>(backend: 'cpu' | 'wasm', patched: boolean, run: () => T): Promise<T> {
  await tf.setBackend(backend);
  const restore = patched ? patchBackend() : () => {};
  try {
    return run();
  } finally {
    restore();
  }
}

/** The patched result must be that of the cpu backend as it comes. */
async function expectEqualToCpu(backend: 'cpu' | 'wasm', run: () => tf.Tensor, tolerance = 1e-5): Promise<void> {
  const read = () => {
    const tensor = tf.tidy(run);
    const result = { shape: tensor.shape, values: [...tensor.dataSync()] };
    tensor.dispose();
    return result;
  };
  const expected = await on('cpu', false, read);
  const got = await on(backend, true, read);
  expect(got.shape).toEqual(expected.shape);
  const scale = Math.max(1e-6, ...expected.values.map(Math.abs));
  const worst = Math.max(0, ...got.values.map((value, i) => Math.abs(value - expected.values[i]!) / scale));
  expect(worst).toBeLessThan(tolerance);
}

const size = fc.integer({ min: 1, max: 70 });
const OPTIONS = { numRuns: 25, seed: 3 };

describe('patches', () => {
  let before: ReturnType<typeof held>;
  beforeEach(async () => {
    await tf.setBackend('cpu');
    before = held();
  });
  afterEach(() => {
    expect(held()).toEqual(before);
  });

  it.each(['cpu', 'wasm'] as const)('%s UnsortedSegmentSum', async (backend) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
        fc.nat(99),
        (rows, segments, rest, seed) =>
          expectEqualToCpu(backend, () => {
            const ids = tf.tensor1d(
              Array.from({ length: rows }, (_, i) => (i * 7 + seed) % segments),
              'int32',
            );
            return tf.unsortedSegmentSum(tf.randomNormal([rows, ...rest], 0, 1, 'float32', seed + 1), ids, segments);
          }),
      ),
      OPTIONS,
    );
  });

  it('the gradient of gather on wasm', async () => {
    await expectEqualToCpu('wasm', () => {
      const table = tf.randomNormal([11, 3], 0, 1, 'float32', 1);
      const ids = tf.tensor2d(
        [
          [1, 2, 1],
          [10, 0, 1],
        ],
        [2, 3],
        'int32',
      );
      return tf.grad((x) => tf.gather(x, ids).square().sum())(table);
    });
  });

  it('Conv2DBackpropFilter, with every stride and padding', async () => {
    const side = fc.integer({ min: 1, max: 9 });
    const small = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          height: side,
          width: side,
          batch: small,
          input: small,
          output: small,
          kernel: small,
          across: small,
        }),
        fc.tuple(small, small),
        fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1),
        async ({ height, width, batch, input, output, kernel, across }, strides, pad) => {
          fc.pre(height >= kernel && width >= across);
          // With a number, TensorFlow.js takes the filter's height for its width, and wasm writes beyond its output.
          fc.pre(pad !== 1 || (kernel === across && strides[0] === strides[1]));
          await expectEqualToCpu('wasm', () => {
            const x = tf.randomNormal<tf.Rank.R4>([batch, height, width, input], 0, 1, 'float32', 1);
            const filter = tf.randomNormal<tf.Rank.R4>([kernel, across, input, output], 0, 1, 'float32', 2);
            // What comes back to the convolution does not depend on its values.
            return tf.grad((f) => {
              const y = tf.conv2d(x, f as tf.Tensor4D, strides, pad);
              return y.mul(tf.randomNormal(y.shape, 0, 1, 'float32', 3)).sum();
            })(filter);
          });
        },
      ),
      { ...OPTIONS, numRuns: 60 },
    );
  });

  it('DepthwiseConv2dNativeBackpropFilter and …Input, with every stride and padding', async () => {
    const side = fc.integer({ min: 1, max: 9 });
    const small = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({ height: side, width: side, batch: small, channels: small, multiplier: small, kernel: small }),
        fc.tuple(small, small),
        fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1),
        fc.constantFrom(0, 1),
        async ({ height, width, batch, channels, multiplier, kernel }, strides, pad, which) => {
          fc.pre(height >= kernel && width >= kernel);
          fc.pre(pad !== 1 || strides[0] === strides[1]);
          await expectEqualToCpu('wasm', () => {
            const x = tf.randomNormal<tf.Rank.R4>([batch, height, width, channels], 0, 1, 'float32', 1);
            const filter = tf.randomNormal<tf.Rank.R4>([kernel, kernel, channels, multiplier], 0, 1, 'float32', 2);
            const gradients = tf.grads((x, f) => {
              const y = tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, strides, pad);
              return y.mul(tf.randomNormal(y.shape, 0, 1, 'float32', 3)).sum();
            });
            return gradients([x, filter])[which]!;
          });
        },
      ),
      { ...OPTIONS, numRuns: 60 },
    );
  });

  const side = fc.integer({ min: 1, max: 6 });
  const small = fc.integer({ min: 1, max: 3 });
  /** Sizes, and where the numbers lie: all below zero, around it, or all above. */
  const pooled = fc.record({
    ...{ depth: side, height: side, width: side, batch: small, channels: small, window: small, stride: small },
    pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
    mean: fc.constantFrom(-9, 0, 9),
  });

  it.each([
    ['MaxPoolGrad', false],
    ['MaxPool3D and MaxPool3DGrad', true],
  ])('%s, wherever the numbers lie', async (_, isDeep) => {
    await fc.assert(
      fc.asyncProperty(pooled, async ({ depth, height, width, batch, channels, window, stride, pad, mean }) => {
        fc.pre(Math.min(depth, height, width) >= window);
        const shape = isDeep ? [batch, depth, height, width, channels] : [batch, height, width, channels];
        const pooledOf = (x: tf.Tensor): tf.Tensor =>
          isDeep
            ? tf.maxPool3d(x as tf.Tensor5D, window, stride, pad)
            : tf.maxPool(x as tf.Tensor4D, window, stride, pad);
        const values = () => tf.randomNormal(shape, mean, 1, 'float32', 1);
        await expectEqualToCpu('wasm', () => pooledOf(values()));
        await expectEqualToCpu('wasm', () =>
          tf.grad((x) => {
            const y = pooledOf(x);
            return y.mul(tf.randomNormal(y.shape, 0, 1, 'float32', 3)).sum();
          })(values()),
        );
      }),
      { ...OPTIONS, numRuns: 60 },
    );
  });

  it('Conv3DBackpropFilterV2 and …InputV2, with every stride and padding', async () => {
    await fc.assert(
      fc.asyncProperty(
        pooled,
        fc.tuple(small, small, small),
        small,
        fc.constantFrom(0, 1),
        async ({ depth, height, width, batch, channels, window, pad }, strides, output, which) => {
          fc.pre(Math.min(depth, height, width) >= window);
          await expectEqualToCpu('wasm', () => {
            const x = tf.randomNormal([batch, depth, height, width, channels], 0, 1, 'float32', 1);
            const filter = tf.randomNormal([window, window, 1, channels, output], 0, 1, 'float32', 2);
            const gradients = tf.grads((x, f) => {
              const y = tf.conv3d(x as tf.Tensor5D, f as tf.Tensor5D, strides, pad);
              return y.mul(tf.randomNormal(y.shape, 0, 1, 'float32', 3)).sum();
            });
            return gradients([x, filter])[which]!;
          });
        },
      ),
      { ...OPTIONS, numRuns: 60 },
    );
  });

  it('are all that a layer of TensorFlow.js is trained by and wasm lacks', async () => {
    const names = (backend: string) => new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
    await on('wasm', true, () => {
      const [cpu, wasm] = [names('cpu'), names('wasm')];
      // Complex numbers and what is made of them, pictures, ragged tensors, texts, einsum: no layer has them.
      expect([...cpu].filter((name) => !wasm.has(name)).sort()).toEqual([
        ...['Complex', 'ComplexAbs', 'Draw', 'Einsum', 'FFT', 'IFFT', 'Imag'],
        ...['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'Real', 'StaticRegexReplace'],
      ]);
    });
  });

  it('train a depthwise and a separable layer on wasm', async () => {
    await tf.setBackend('wasm');
    const restore = patchBackend();
    const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
    const [depthwise, depthwiseOfNext, pointwise, dense] = [1, 2, 3, 4].map(seeded);
    const model = tf.sequential({
      layers: [
        tf.layers.depthwiseConv2d({
          inputShape: [6, 6, 2],
          kernelSize: 3,
          depthMultiplier: 2,
          depthwiseInitializer: depthwise!,
        }),
        tf.layers.separableConv2d({
          filters: 3,
          kernelSize: 2,
          depthwiseInitializer: depthwiseOfNext!,
          pointwiseInitializer: pointwise!,
        }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1, kernelInitializer: dense! }),
      ],
    });
    const optimizer = tf.train.sgd(0.01);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const [x, y] = [tf.randomNormal([8, 6, 6, 2], 0, 1, 'float32', 1), tf.randomNormal([8, 1], 0, 1, 'float32', 2)];
    const { history } = await model.fit(x, y, { epochs: 5, verbose: 0 });
    expect(Number(history.loss!.at(-1))).toBeLessThan(Number(history.loss![0]));
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
    restore();
  });

  it('that wasm lacks say how to patch, where a program that is observed has not', async () => {
    await tf.setBackend('wasm');
    const model = tf.sequential({
      layers: [tf.layers.conv2d({ inputShape: [4, 4, 1], filters: 1, kernelSize: 2 }), tf.layers.flatten()],
    });
    const optimizer = tf.train.sgd(0.01);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const training = instrument(model);
    const [x, y] = [tf.ones([2, 4, 4, 1]), tf.ones([2, 9])];
    // As a backward pass runs it; there, TensorFlow.js would keep what the pass has saved.
    expect(() => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: x })).toThrow(
      "Kernel 'Conv2DBackpropFilter' not registered for backend 'wasm'; call patchBackend() of trainscope/tfjs after",
    );
    const restore = patchBackend();
    await model.trainOnBatch(x, y);
    restore();
    await training.close();
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
  });

  it('BatchMatMul, with every transposition, in batches and alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        size,
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.boolean(),
        (m, k, n, batch, transposeA, transposeB) =>
          expectEqualToCpu('wasm', () => {
            const a = tf.randomNormal(transposeA ? [batch, k, m] : [batch, m, k], 0, 1, 'float32', 1);
            const b = tf.randomNormal(transposeB ? [batch, n, k] : [batch, k, n], 0, 1, 'float32', 2);
            return tf.matMul(a, b, transposeA, transposeB);
          }),
      ),
      { ...OPTIONS, numRuns: 60 },
    );
  });

  it('BatchMatMul of rank 4, broadcast, and rank 2', async () => {
    for (const [a, b] of [
      [
        [2, 3, 40, 30],
        [2, 3, 50, 30],
      ],
      [
        [1, 40, 30],
        [4, 50, 30],
      ],
      [
        [40, 30],
        [50, 30],
      ],
    ] as const) {
      await expectEqualToCpu('wasm', () =>
        tf.matMul(
          tf.randomNormal([...a], 0, 1, 'float32', 1),
          tf.randomNormal([...b], 0, 1, 'float32', 2),
          false,
          true,
        ),
      );
    }
  });

  it('_FusedMatMul, transposed and with a bias', async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        fc.integer({ min: 40, max: 90 }),
        size,
        fc.boolean(),
        fc.boolean(),
        (m, k, n, transposeA, transposeB) =>
          expectEqualToCpu('wasm', () =>
            tf.fused.matMul({
              a: tf.randomNormal(transposeA ? [k, m] : [m, k], 0, 1, 'float32', 1),
              b: tf.randomNormal(transposeB ? [n, k] : [k, n], 0, 1, 'float32', 2),
              transposeA,
              transposeB,
              bias: tf.randomNormal([n], 0, 1, 'float32', 3),
              activation: 'relu',
            }),
          ),
      ),
      OPTIONS,
    );
  });

  it.each([
    ['sum', tf.sum],
    ['mean', tf.mean],
  ])('%s over any axes', async (_name, reduce) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.nat(15),
        fc.boolean(),
        (shape, mask, keepDims) => {
          const axes = shape.map((_, axis) => axis).filter((axis) => mask & (1 << axis));
          return expectEqualToCpu('wasm', () => reduce(tf.randomNormal(shape, 1, 1, 'float32', 5), axes, keepDims));
        },
      ),
      { ...OPTIONS, numRuns: 60 },
    );
  });

  it('sums and norms of many elements are right', async () => {
    const error = await on('wasm', true, () =>
      tf.tidy(() => {
        const x = tf.fill([3_000_000], 0.1);
        const exact = Math.fround(0.1) * 3_000_000;
        const norm = Math.fround(0.1) * Math.sqrt(3_000_000);
        return [Math.abs(x.sum().dataSync()[0]! / exact - 1), Math.abs(x.norm().dataSync()[0]! / norm - 1)];
      }),
    );
    expect(Math.max(...error)).toBeLessThan(1e-6);
  });

  it('Identity shares its data, and each holder disposes for itself', async () => {
    await on('wasm', true, () => {
      const x = tf.tensor1d([1, 2]);
      const { numDataBuffers } = tf.memory();
      const y = x.clone();
      expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
      x.dispose();
      expect([...y.dataSync()]).toEqual([1, 2]);
      y.dispose();
    });
  });

  it('patching twice does nothing, and restoring gives the backend its own kernels back', async () => {
    await tf.setBackend('wasm');
    const kernels = () =>
      patchedKernels().map(
        (name) => tf.getKernelsForBackend('wasm').find(({ kernelName }) => `wasm/${kernelName}` === name)?.kernelFunc,
      );
    const own = kernels();
    const restore = patchBackend();
    const patched = kernels();
    const again = patchBackend();
    expect(kernels()).toEqual(patched);
    again();
    expect(kernels()).toEqual(patched);
    restore();
    expect(kernels()).toEqual(own);
    expect(patched.filter((kernel, i) => kernel !== own[i])).toHaveLength(14);
  });

  it('kernels stay patched until the last who asked for it has put them back, in any order', async () => {
    await tf.setBackend('cpu');
    const kernel = () => tf.getKernelsForBackend('cpu').find(({ kernelName }) => kernelName === 'UnsortedSegmentSum');
    const own = kernel();
    const first = patchBackend();
    const patched = kernel();
    const second = patchBackend();
    first();
    first();
    expect(kernel()).toBe(patched);
    second();
    expect(kernel()).toBe(own);
  });
});
