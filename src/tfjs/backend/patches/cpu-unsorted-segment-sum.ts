import { type DataType, type KernelBackend, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { addSegments } from './segment-sum.js';

interface CpuBackend extends KernelBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array | Int32Array | Uint8Array } };
  makeTensorInfo(shape: number[], dtype: DataType, values: Float32Array | Int32Array | Uint8Array): TensorInfo;
}

/** The cpu backend goes through all rows once a segment: for an embedding of 30,522 words, minutes a step. */
export const cpuUnsortedSegmentSum: KernelPatch = {
  kernelName: 'UnsortedSegmentSum',
  backendName: 'cpu',
  make: () => (args) => {
    const { x, segmentIds } = args.inputs as { x: TensorInfo; segmentIds: TensorInfo };
    const { numSegments } = args.attrs as unknown as { numSegments: number };
    const backend = args.backend as CpuBackend;
    const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
    const sums = util.makeZerosTypedArray(util.sizeFromShape(shape), x.dtype as 'float32');
    addSegments(backend.data.get(x.dataId).values, backend.data.get(segmentIds.dataId).values, sums, numSegments);
    return backend.makeTensorInfo(shape, x.dtype, sums);
  },
};
