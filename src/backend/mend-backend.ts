import {
  getBackend,
  getKernel,
  getKernelsForBackend,
  type KernelConfig,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { Mend } from './mend.js';
import { cpuUnsortedSegmentSum } from './mends/cpu-unsorted-segment-sum.js';
import { wasmBatchMatMul } from './mends/wasm-batch-mat-mul.js';
import { wasmConv2DBackpropFilter } from './mends/wasm-conv2d-backprop-filter.js';
import { wasmFusedMatMul } from './mends/wasm-fused-mat-mul.js';
import { wasmIdentity } from './mends/wasm-identity.js';
import { wasmMean, wasmSum } from './mends/wasm-sum.js';
import { wasmUnsortedSegmentSum } from './mends/wasm-unsorted-segment-sum.js';

const MENDS: readonly Mend[] = [
  cpuUnsortedSegmentSum,
  wasmBatchMatMul,
  wasmConv2DBackpropFilter,
  wasmFusedMatMul,
  wasmIdentity,
  wasmMean,
  wasmSum,
  wasmUnsortedSegmentSum,
];

/** Kernels that are mends: mending twice would wrap a mend in itself. */
const mended = new WeakSet<KernelConfig>();

/**
 * Replace the kernels that the backend in use lacks, or does slowly or wrongly: for wasm the gradients of `gather` and `conv2d`,
 * transposed and batched `matMul`, fused `matMul` with a transposed right side, `clone()` that copies, and sums in
 * float32; for cpu the gradient of `gather`. Other backends are left as they are. Mending twice does nothing.
 *
 * `selectBackend()` of `trainscope/node` calls it. In a browser, call it after `tf.ready()`.
 *
 * @returns what puts the backend's own kernels back.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { mendBackend } from 'trainscope';
 *
 * await tf.setBackend('cpu');
 * await tf.ready();
 * mendBackend();
 * ```
 */
export function mendBackend(): () => void {
  const backendName = getBackend();
  const restores = MENDS.filter((mend) => mend.backendName === backendName).map(apply);
  return () => {
    for (const restore of restores) restore();
  };
}

/** The kernels that `mendBackend()` replaces, as `backend/kernel`. */
export function mendedKernels(): readonly string[] {
  return MENDS.map(({ backendName, kernelName }) => `${backendName}/${kernelName}`);
}

function apply({ kernelName, backendName, make }: Mend): () => void {
  // Asking for a kernel that is not there would say so on the console, so look through the list.
  const original = getKernelsForBackend(backendName).find((kernel) => kernel.kernelName === kernelName);
  if (original && mended.has(original)) return () => {};
  const config: KernelConfig = { ...original, kernelName, backendName, kernelFunc: make(original?.kernelFunc) };
  mended.add(config);
  if (original) unregisterKernel(kernelName, backendName);
  registerKernel(config);
  return () => {
    if (getKernel(kernelName, backendName) !== config) return;
    unregisterKernel(kernelName, backendName);
    if (original) registerKernel(original);
  };
}
