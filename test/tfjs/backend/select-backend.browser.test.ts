import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/tfjs/backend/select-backend.browser.js';

describe('selectBackend() of a browser', () => {
  const right = tf.getKernel('Tanh', 'wasm')!;
  const replace = (kernelFunc: tf.KernelFunc) => {
    tf.unregisterKernel('Tanh', 'wasm');
    tf.registerKernel({ ...right, kernelFunc });
  };
  beforeEach(() => tf.setBackend('cpu'));
  afterEach(() => replace(right.kernelFunc));

  it.each<[string, tf.KernelFunc, RegExp]>([
    [
      'computes NaN',
      ({ inputs, backend }) => {
        const { shape, dtype } = inputs.x as tf.TensorInfo;
        const values = new Float32Array(tf.util.sizeFromShape(shape)).fill(Number.NaN);
        return { dataId: (backend as tf.KernelBackend).write(values, shape, dtype), shape, dtype };
      },
      /^wasm: it does not train: expected [\d.-]+, [\d.-]+ after a step, got NaN, NaN$/,
    ],
    [
      'throws',
      () => {
        throw new Error('the driver is gone\n at line 1');
      },
      /^wasm: the driver is gone$/,
    ],
  ])('passes over a backend that %s, and says why', async (what, kernelFunc, reason) => {
    const passed: string[] = [];
    replace(kernelFunc);
    const { numTensors } = tf.memory();
    const name = await selectBackend(undefined, { onUnavailable: (each, why) => passed.push(`${each}: ${why}`) });
    expect([name, tf.getBackend()]).toEqual(['cpu', 'cpu']);
    // Of a step whose kernel throws, TensorFlow.js keeps what it has saved for gradients.
    if (what !== 'throws') expect(tf.memory().numTensors).toBe(numTensors);
    expect(passed).toEqual(['webgpu: not imported', expect.stringMatching(/^webgl: /), expect.stringMatching(reason)]);
    await expect(selectBackend('wasm')).rejects.toThrow('backend: expected wasm to load, got: ');
    replace(right.kernelFunc);
    expect(await selectBackend('wasm')).toBe('wasm');
  });
});
