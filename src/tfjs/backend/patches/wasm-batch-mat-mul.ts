import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, sizeOf, type WasmBackend } from '../wasm-heap.js';
import { transposeMatrices } from './wasm-transpose-first.js';

/** Multiplications a matrix product must have to be worth a call of its own. */
const WORTH_A_CALL = 2 ** 14;

/**
 * The wasm backend has a fast product for two matrices that are not transposed, and a slow one for all else; gradients
 * always transpose, and attention always comes in batches. So: transpose first, and multiply one by one.
 */
export const wasmBatchMatMul: KernelPatch = {
  kernelName: 'BatchMatMul',
  backendName: 'wasm',
  make: (original) => (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = args.attrs as unknown as { transposeA: boolean; transposeB: boolean };
    const backend = args.backend as WasmBackend;
    const batchA = sizeOf(a.shape.slice(0, -2));
    const batchB = sizeOf(b.shape.slice(0, -2));
    if (batchA !== batchB || sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) return original!(args);
    const [m, k] = transposeA ? [...a.shape.slice(-2)].reverse() : a.shape.slice(-2);
    const n = b.shape.at(transposeB ? -2 : -1)!;
    if (m! * k! * n < WORTH_A_CALL) return original!(args);
    const left = transposeA ? transposeMatrices(backend, a) : a;
    const right = transposeB ? transposeMatrices(backend, b) : b;
    const out =
      batchA === 1 ? multiply(original!, backend, left, right) : multiplyEach(original!, backend, left, right, batchA);
    if (transposeA) backend.disposeData(left.dataId);
    if (transposeB) backend.disposeData(right.dataId);
    return out;
  },
};

function multiply(original: KernelFunc, backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  return original({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } }) as TensorInfo;
}

function multiplyEach(
  original: KernelFunc,
  backend: WasmBackend,
  a: TensorInfo,
  b: TensorInfo,
  batch: number,
): TensorInfo {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const out = backend.makeOutput([...a.shape.slice(0, -2), m, n], 'float32');
  for (let i = 0; i < batch; i++) {
    // The fast product keeps what it has packed by tensor, so each matrix is a new one.
    const left = backend.makeOutput([m, k], 'float32');
    const right = backend.makeOutput([k, n], 'float32');
    floatsOf(backend, left).set(floatsOf(backend, a).subarray(i * m * k, (i + 1) * m * k));
    floatsOf(backend, right).set(floatsOf(backend, b).subarray(i * k * n, (i + 1) * k * n));
    const product = multiply(original, backend, left, right);
    floatsOf(backend, out).set(floatsOf(backend, product), i * m * n);
    for (const used of [left, right, product]) backend.disposeData(used.dataId);
  }
  return out;
}
