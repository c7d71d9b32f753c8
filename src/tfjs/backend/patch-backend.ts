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
import { wasmConv3DBackpropFilter, wasmConv3DBackpropInput } from './patches/wasm-conv3d-gradients.js';
import {
  wasmDepthwiseConv2DBackpropFilter,
  wasmDepthwiseConv2DBackpropInput,
} from './patches/wasm-depthwise-conv2d-gradients.js';
import { wasmFusedMatMul } from './patches/wasm-fused-mat-mul.js';
import { wasmIdentity } from './patches/wasm-identity.js';
import { wasmMaxPool3D, wasmMaxPool3DGrad, wasmMaxPoolGrad } from './patches/wasm-max-pool.js';
import { wasmMean, wasmSum } from './patches/wasm-sum.js';
import { wasmUnsortedSegmentSum } from './patches/wasm-unsorted-segment-sum.js';

const PATCHES: readonly KernelPatch[] = [
  cpuUnsortedSegmentSum,
  wasmBatchMatMul,
  wasmConv2DBackpropFilter,
  wasmConv3DBackpropFilter,
  wasmConv3DBackpropInput,
  wasmDepthwiseConv2DBackpropFilter,
  wasmDepthwiseConv2DBackpropInput,
  wasmFusedMatMul,
  wasmIdentity,
  wasmMaxPool3D,
  wasmMaxPool3DGrad,
  wasmMaxPoolGrad,
  wasmMean,
  wasmSum,
  wasmUnsortedSegmentSum,
];

/** What each kernel that is a patch stands for: patching twice would wrap a patch in itself. */
const originals = new WeakMap<KernelConfig, KernelConfig | undefined>();

/** How many have asked for each kernel that is a patch: it stays until the last of them has put it back. */
const askedFor = new WeakMap<KernelConfig, number>();

/**
 * Replace the kernels that the backend in use lacks, or does slowly or wrongly: for wasm the gradients of `gather`,
 * `conv2d`, `conv3d`, `depthwiseConv2d`, `maxPool` and `maxPool3d`, and `maxPool3d` itself, transposed and batched
 * `matMul`, fused `matMul` with a transposed right side, `clone()` that copies, and sums in float32; for cpu the gradient
 * of `gather`. Other backends are left as they are. Patching twice does nothing more.
 *
 * Kernels are global: every program of the process gets them. `selectBackend()` calls it, and the Trainer for as long as
 * it trains, evaluates or predicts. Elsewhere, call it after `tf.ready()`.
 *
 * @returns what puts the backend's own kernels back, once all who have patched it have done so.
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

/**
 * Where the backend in use lacks a kernel that there is a patch for, and nobody has patched it: have its error say how to.
 * Nothing else changes; what is there is left alone.
 */
export function explainMissingKernels(): void {
  const backendName = getBackend();
  const there = new Set(getKernelsForBackend(backendName).map(({ kernelName }) => kernelName));
  for (const patch of PATCHES) {
    const { kernelName } = patch;
    if (patch.backendName !== backendName || there.has(kernelName)) continue;
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: () => {
        throw new Error(
          `Kernel '${kernelName}' not registered for backend '${backendName}'; call patchBackend() of trainscope/tfjs after tf.ready(), or choose the backend by its selectBackend()`,
        );
      },
    });
  }
}

function apply(patch: KernelPatch): () => void {
  const { kernelName, backendName } = patch;
  // Asking for a kernel that is not there would say so on the console, so look through the list.
  const current = getKernelsForBackend(backendName).find((kernel) => kernel.kernelName === kernelName);
  const config = current && originals.has(current) ? current : replace(patch, current);
  askedFor.set(config, (askedFor.get(config) ?? 0) + 1);
  let asks = true;
  return () => {
    if (!asks) return;
    asks = false;
    askedFor.set(config, askedFor.get(config)! - 1);
    if (askedFor.get(config)! > 0 || getKernel(kernelName, backendName) !== config) return;
    unregisterKernel(kernelName, backendName);
    const original = originals.get(config);
    if (original) registerKernel(original);
  };
}

function replace({ kernelName, backendName, make }: KernelPatch, original: KernelConfig | undefined): KernelConfig {
  const config = { ...original, kernelName, backendName, kernelFunc: make(original?.kernelFunc) };
  originals.set(config, original);
  if (original) unregisterKernel(kernelName, backendName);
  registerKernel(config);
  return config;
}
