import { backend_util, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, sizeOf, type WasmBackend } from '../wasm-heap.js';

/** The wasm backend adds in float32: a norm over ten million elements is a percent off. This adds in float64. */
export const wasmSum: KernelPatch = {
  kernelName: 'Sum',
  backendName: 'wasm',
  make: (original) => reduce(original!, () => 1),
};

/** As {@link wasmSum}. */
export const wasmMean: KernelPatch = {
  kernelName: 'Mean',
  backendName: 'wasm',
  make: (original) => reduce(original!, (count) => 1 / count),
};

/** Sums of float32 over the first axes or the last, times a factor; other axes are left to the backend. */
function reduce(original: KernelFunc, factorOf: (count: number) => number): KernelFunc {
  return (args) => {
    const { x } = args.inputs as { x: TensorInfo };
    const { axis, keepDims } = args.attrs as unknown as { axis: number | number[]; keepDims: boolean };
    const axes = util.parseAxisParam(axis, x.shape);
    const rank = x.shape.length;
    const last = backend_util.axesAreInnerMostDims(axes, rank);
    const first = axes.every((reduced, i) => reduced === i);
    if (x.dtype !== 'float32' || sizeOf(x.shape) === 0 || axes.length === 0 || !(last || first)) return original(args);
    const backend = args.backend as WasmBackend;
    const [shape, reduced] = backend_util.computeOutAndReduceShapes(x.shape, axes);
    const out = backend.makeOutput(keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape, 'float32');
    const count = sizeOf(reduced);
    const sum = last ? sumRows : sumColumns;
    sum(floatsOf(backend, x), floatsOf(backend, out), count, factorOf(count));
    return out;
  };
}

function sumRows(values: Float32Array, sums: Float32Array, width: number, factor: number): void {
  const whole = width & ~3;
  for (let row = 0; row < sums.length; row++) {
    const begin = row * width;
    // Four chains of additions, since one would wait for itself.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = begin;
    for (const end = begin + whole; i < end; i += 4) {
      a += values[i]!;
      b += values[i + 1]!;
      c += values[i + 2]!;
      d += values[i + 3]!;
    }
    for (const end = begin + width; i < end; i++) a += values[i]!;
    sums[row] = (a + b + (c + d)) * factor;
  }
}

function sumColumns(values: Float32Array, sums: Float32Array, height: number, factor: number): void {
  const width = sums.length;
  const totals = new Float64Array(width);
  for (let row = 0; row < height; row++) {
    const begin = row * width;
    for (let i = 0; i < width; i++) totals[i]! += values[begin + i]!;
  }
  for (let i = 0; i < width; i++) sums[i] = totals[i]! * factor;
}
