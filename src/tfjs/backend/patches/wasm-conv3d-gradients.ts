import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, sizeOf, type WasmBackend } from '../wasm-heap.js';
import { type AxisTap, axisTaps } from './axis-taps.js';

interface Attributes {
  readonly strides: number | [number, number, number];
  readonly pad: 'valid' | 'same';
}

type Shape5 = [number, number, number, number, number];

/** The wasm backend's own is wrong with a stride: here it is the sum over all places of the filter. */
export const wasmConv3DBackpropFilter: KernelPatch = {
  kernelName: 'Conv3DBackpropFilterV2',
  backendName: 'wasm',
  make: () => (args) => {
    const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape, ...attributes } = args.attrs as unknown as Attributes & { filterShape: Shape5 };
    const backend = args.backend as WasmBackend;
    const conv = infoOf(x.shape as Shape5, filterShape, attributes);
    const gradient = backend.makeOutput(filterShape, 'float32');
    const [inputs, outputs] = [floatsOf(backend, x), floatsOf(backend, dy)];
    // Sums over all voxels, in float64.
    const sums = new Float64Array(sizeOf(filterShape));
    forEachTap(conv, (input, output, tap) => {
      for (let from = 0, at = tap; from < conv.inChannels; from++) {
        const value = inputs[input + from]!;
        for (let to = 0; to < conv.outChannels; to++) sums[at++]! += value * outputs[output + to]!;
      }
    });
    floatsOf(backend, gradient).set(sums);
    return gradient;
  },
};

/** As {@link wasmConv3DBackpropFilter}: the backend's own is wrong but for the simplest of windows. */
export const wasmConv3DBackpropInput: KernelPatch = {
  kernelName: 'Conv3DBackpropInputV2',
  backendName: 'wasm',
  make: () => (args) => {
    const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape, ...attributes } = args.attrs as unknown as Attributes & { inputShape: Shape5 };
    const backend = args.backend as WasmBackend;
    const conv = infoOf(inputShape, filter.shape as Shape5, attributes);
    const gradient = backend.makeOutput(inputShape, 'float32');
    const [outputs, weights, sums] = [floatsOf(backend, dy), floatsOf(backend, filter), floatsOf(backend, gradient)];
    sums.fill(0);
    forEachTap(conv, (input, output, tap) => {
      for (let from = 0, at = tap; from < conv.inChannels; from++) {
        let sum = 0;
        for (let to = 0; to < conv.outChannels; to++) sum += outputs[output + to]! * weights[at++]!;
        sums[input + from]! += sum;
      }
    });
    return gradient;
  },
};

function infoOf(input: Shape5, filter: Shape5, { strides, pad }: Attributes): backend_util.Conv3DInfo {
  return backend_util.computeConv3DInfo(input, filter, strides, 1, pad);
}

/** Every pair of an output voxel and a place of the filter that lies on the input: where each begins in its tensor. */
function forEachTap(conv: backend_util.Conv3DInfo, visit: (input: number, output: number, tap: number) => void): void {
  const { batchSize, inDepth, inHeight, inWidth, inChannels, outDepth, outHeight, outWidth, outChannels } = conv;
  const { filterHeight, filterWidth } = conv;
  const [depth, height, width] = axesOf(conv);
  for (let batch = 0; batch < batchSize; batch++) {
    for (const z of depth) {
      for (const y of height) {
        const input = ((batch * inDepth + z.input) * inHeight + y.input) * inWidth;
        const output = ((batch * outDepth + z.output) * outHeight + y.output) * outWidth;
        const tap = (z.filter * filterHeight + y.filter) * filterWidth;
        for (const x of width) {
          visit(
            (input + x.input) * inChannels,
            (output + x.output) * outChannels,
            (tap + x.filter) * inChannels * outChannels,
          );
        }
      }
    }
  }
}

function axesOf(
  conv: backend_util.Conv3DInfo,
): [depth: readonly AxisTap[], height: readonly AxisTap[], width: readonly AxisTap[]] {
  const { padInfo: pad, dilationDepth, dilationHeight, dilationWidth } = conv;
  return [
    axisTaps({
      ...{ output: conv.outDepth, filter: conv.filterDepth, input: conv.inDepth },
      ...{ stride: conv.strideDepth, dilation: dilationDepth, pad: pad.front },
    }),
    axisTaps({
      ...{ output: conv.outHeight, filter: conv.filterHeight, input: conv.inHeight },
      ...{ stride: conv.strideHeight, dilation: dilationHeight, pad: pad.top },
    }),
    axisTaps({
      ...{ output: conv.outWidth, filter: conv.filterWidth, input: conv.inWidth },
      ...{ stride: conv.strideWidth, dilation: dilationWidth, pad: pad.left },
    }),
  ];
}
