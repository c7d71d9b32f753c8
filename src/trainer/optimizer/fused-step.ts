import { backend, fill, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { StepSums } from '../../parameters/index.js';
import { ownMemory, wasmMemory } from '../../tfjs/index.js';
import { type AdamWCoefficients, type FusedAdamW, fusedAdamW } from '../kernels/fused-adamw.js';
import type { Moments } from './moments.js';

const kernels = new WeakMap<object, FusedAdamW | null>();

/**
 * Update one parameter in one pass over its memory, and say what changed; undefined where its memory cannot be reached.
 *
 * The new weights are a new tensor: snapshots hold the old one, and wasm's XNNPACK may have cached it.
 */
export function fusedStep(
  variable: Variable,
  gradient: Tensor,
  moments: Moments,
  coefficients: AdamWCoefficients,
): StepSums | undefined {
  const kernel = kernelOfBackend();
  if (!kernel || variable.dtype !== 'float32' || gradient.dtype !== 'float32') return undefined;
  let sums: StepSums | undefined;
  tidy(() => {
    const next = fill(variable.shape, 0);
    // Views come after the allocation, which may have moved the heap.
    const weights = ownMemory(variable);
    const gradients = ownMemory(gradient);
    const first = ownMemory(moments.first);
    const second = ownMemory(moments.second);
    const written = ownMemory(next);
    if (!weights || !gradients || !first || !second || !written) return;
    sums = kernel({ weights, gradients, first, second, next: written }, coefficients);
    variable.assign(next);
  });
  return sums;
}

function kernelOfBackend(): FusedAdamW | undefined {
  const owner = backend();
  let kernel = kernels.get(owner);
  if (kernel === undefined) {
    kernel = fusedAdamW(wasmMemory()) ?? null;
    kernels.set(owner, kernel);
  }
  return kernel ?? undefined;
}
