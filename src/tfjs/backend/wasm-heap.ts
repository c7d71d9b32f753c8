import type { DataId, DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** The parts of the wasm backend that its own kernels use. */
export interface WasmBackend extends KernelBackend {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array;
  incRef(dataId: DataId): void;
  disposeData(dataId: DataId): boolean;
}

/** A tensor's elements, in the heap. Good until the heap grows: allocate outputs before taking views. */
export function floatsOf(backend: WasmBackend, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}
