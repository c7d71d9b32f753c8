import {
  getBackend,
  getKernel,
  getKernelsForBackend,
  type KernelConfig,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { KernelPatch } from './patch.js';
import { cpuUnsortedSegmentSum } from './patches/cpu-unsorted-segment-sum.js';
import { wasmBatchMatMul } from './patches/wasm-batch-mat-mul.js';
import { wasmConv2DBackpropFilter } from './patches/wasm-conv2d-backprop-filter.js';
import { wasmFusedMatMul } from './patches/wasm-fused-mat-mul.js';
import { wasmIdentity } from './patches/wasm-identity.js';
import { wasmMean, wasmSum } from './patches/wasm-sum.js';
import { wasmUnsortedSegmentSum } from './patches/wasm-unsorted-segment-sum.js';

const PATCHES: readonly KernelPatch[] = [
  cpuUnsortedSegmentSum,
  wasmBatchMatMul,
  wasmConv2DBackpropFilter,
  wasmFusedMatMul,
  wasmIdentity,
  wasmMean,
  wasmSum,
  wasmUnsortedSegmentSum,
];

/** Kernels that are patches: patching twice would wrap a patch in itself. */
const patched = new WeakSet<KernelConfig>();

/**
 * Replace the kernels that the backend in use lacks, or does slowly or wrongly: for wasm the gradients of `gather` and `conv2d`,
 * transposed and batched `matMul`, fused `matMul` with a transposed right side, `clone()` that copies, and sums in
 * float32; for cpu the gradient of `gather`. Other backends are left as they are. Patching twice does nothing.
 *
 * `selectBackend()` of `trainscope/node` calls it. In a browser, call it after `tf.ready()`.
 *
 * @returns what puts the backend's own kernels back.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { patchBackend } from 'trainscope/tfjs';
 *
 * await tf.setBackend('cpu');
 * await tf.ready();
 * patchBackend();
 * ```
 */
export function patchBackend(): () => void {
  const backendName = getBackend();
  const restores = PATCHES.filter((patch) => patch.backendName === backendName).map(apply);
  return () => {
    for (const restore of restores) restore();
  };
}

/** The kernels that `patchBackend()` replaces, as `backend/kernel`. */
export function patchedKernels(): readonly string[] {
  return PATCHES.map(({ backendName, kernelName }) => `${backendName}/${kernelName}`);
}

function apply({ kernelName, backendName, make }: KernelPatch): () => void {
  // Asking for a kernel that is not there would say so on the console, so look through the list.
  const original = getKernelsForBackend(backendName).find((kernel) => kernel.kernelName === kernelName);
  if (original && patched.has(original)) return () => {};
  const config: KernelConfig = { ...original, kernelName, backendName, kernelFunc: make(original?.kernelFunc) };
  patched.add(config);
  if (original) unregisterKernel(kernelName, backendName);
  registerKernel(config);
  return () => {
    if (getKernel(kernelName, backendName) !== config) return;
    unregisterKernel(kernelName, backendName);
    if (original) registerKernel(original);
  };
}
