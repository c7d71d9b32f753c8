import { getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm-heap.js';

/** A matrix, or a stack of them, with its last two axes exchanged. The caller disposes it. */
export function transposeMatrices(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const rank = x.shape.length;
  const perm = [...x.shape.keys()];
  perm[rank - 2] = rank - 1;
  perm[rank - 1] = rank - 2;
  return getKernel('Transpose', 'wasm').kernelFunc({ inputs: { x }, backend, attrs: { perm } }) as TensorInfo;
}
