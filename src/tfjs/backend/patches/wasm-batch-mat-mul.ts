import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, sizeOf, type WasmBackend } from '../wasm-heap.js';
import { transposeMatrices } from './wasm-transpose-first.js';

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

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
    const attributes = args.attrs as unknown as Attributes;
    if (!isWorthCalls(a, b, attributes)) return original!(args);
    const { transposeA, transposeB } = attributes;
    const backend = args.backend as WasmBackend;
    const left = transposeA ? transposeMatrices(backend, a) : a;
    const right = transposeB ? transposeMatrices(backend, b) : b;
    const out = multiplyEach(original!, backend, left, right);
    if (transposeA) backend.disposeData(left.dataId);
    if (transposeB) backend.disposeData(right.dataId);
    return out;
  },
};

/** Whether there are as many matrices on either side, and enough in them. */
function isWorthCalls(a: TensorInfo, b: TensorInfo, { transposeA, transposeB }: Attributes): boolean {
  if (batchOf(a) !== batchOf(b) || sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) return false;
  const [m, k] = transposeA ? [...a.shape.slice(-2)].reverse() : a.shape.slice(-2);
  const n = b.shape.at(transposeB ? -2 : -1)!;
  return m! * k! * n >= WORTH_A_CALL;
}

/** How many matrices there are. */
function batchOf({ shape }: TensorInfo): number {
  return sizeOf(shape.slice(0, -2));
}

function multiply(original: KernelFunc, backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  return original({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } }) as TensorInfo;
}

function multiplyEach(original: KernelFunc, backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  const batch = batchOf(a);
  if (batch === 1) return multiply(original, backend, a, b);
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
