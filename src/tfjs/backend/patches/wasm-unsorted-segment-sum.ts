import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import type { WasmBackend } from '../wasm-heap.js';
import { addSegments } from './segment-sum.js';

/** The wasm backend lacks it, and with it the gradient of `gather`: no embedding could be trained. */
export const wasmUnsortedSegmentSum: KernelPatch = {
  kernelName: 'UnsortedSegmentSum',
  backendName: 'wasm',
  make: () => (args) => {
    const { x, segmentIds } = args.inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const { numSegments } = args.attrs as unknown as { numSegments: number };
    const backend = args.backend as WasmBackend;
    // Allocated before views are taken: the heap may grow, and growing detaches views.
    const out = backend.makeOutput([numSegments, ...x.shape.slice(segmentIds.shape.length)], x.dtype);
    const sums = backend.typedArrayFromHeap(out);
    sums.fill(0);
    addSegments(backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(segmentIds), sums, numSegments);
    return out;
  },
};
