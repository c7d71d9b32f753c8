import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import type { WasmBackend } from '../wasm-heap.js';
import { transposeMatrices } from './wasm-transpose-first.js';

/** With `transposeB` and a bias the wasm backend is wrong for inner dimensions above 48, and slow for any. */
export const wasmFusedMatMul: KernelPatch = {
  kernelName: '_FusedMatMul',
  backendName: 'wasm',
  make: (original) => (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = args.attrs as unknown as { transposeA: boolean; transposeB: boolean };
    if (!transposeA && !transposeB) return original!(args);
    const backend = args.backend as WasmBackend;
    const left = transposeA ? transposeMatrices(backend, a) : a;
    const right = transposeB ? transposeMatrices(backend, b) : b;
    const out = original!({
      ...args,
      inputs: { ...args.inputs, a: left, b: right },
      attrs: { ...args.attrs, transposeA: false, transposeB: false },
    });
    if (transposeA) backend.disposeData(left.dataId);
    if (transposeB) backend.disposeData(right.dataId);
    return out;
  },
};
