import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, type WasmBackend } from '../wasm-heap.js';
import { type AxisTap, axisTaps } from './axis-taps.js';

interface Attributes {
  readonly strides: number | [number, number];
  readonly dilations: number | [number, number];
  readonly pad: number | 'valid' | 'same';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];

/** The wasm backend lacks it, so that no depthwise or separable convolution could be trained: the filter's gradient. */
export const wasmDepthwiseConv2DBackpropFilter: KernelPatch = {
  kernelName: 'DepthwiseConv2dNativeBackpropFilter',
  backendName: 'wasm',
  make: () => (args) => {
    const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape, ...attributes } = args.attrs as unknown as Attributes & { filterShape: Shape4 };
    const backend = args.backend as WasmBackend;
    const conv = infoOf(x.shape as Shape4, filterShape, attributes);
    const gradient = backend.makeOutput(filterShape, 'float32');
    const [inputs, outputs] = [floatsOf(backend, x), floatsOf(backend, dy)];
    // Sums over all pixels, in float64.
    const sums = new Float64Array(filterShape.reduce((size, length) => size * length, 1));
    forEachTap(conv, (input, output, tap, channels, multiplier) => {
      for (let channel = 0, out = output, at = tap; channel < channels; channel++) {
        const value = inputs[input + channel]!;
        for (let q = 0; q < multiplier; q++) sums[at++]! += value * outputs[out++]!;
      }
    });
    floatsOf(backend, gradient).set(sums);
    return gradient;
  },
};

/** As {@link wasmDepthwiseConv2DBackpropFilter}: the input's gradient. */
export const wasmDepthwiseConv2DBackpropInput: KernelPatch = {
  kernelName: 'DepthwiseConv2dNativeBackpropInput',
  backendName: 'wasm',
  make: () => (args) => {
    const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape, ...attributes } = args.attrs as unknown as Attributes & { inputShape: Shape4 };
    const backend = args.backend as WasmBackend;
    const conv = infoOf(inputShape, filter.shape as Shape4, attributes);
    const gradient = backend.makeOutput(inputShape, 'float32');
    const [outputs, weights, sums] = [floatsOf(backend, dy), floatsOf(backend, filter), floatsOf(backend, gradient)];
    sums.fill(0);
    forEachTap(conv, (input, output, tap, channels, multiplier) => {
      for (let channel = 0, out = output, at = tap; channel < channels; channel++) {
        let sum = 0;
        for (let q = 0; q < multiplier; q++) sum += outputs[out++]! * weights[at++]!;
        sums[input + channel]! += sum;
      }
    });
    return gradient;
  },
};

function infoOf(input: Shape4, filter: Shape4, { strides, dilations, pad, dimRoundingMode }: Attributes) {
  return backend_util.computeConv2DInfo(input, filter, strides, dilations, pad, dimRoundingMode, true);
}

type VisitTap = (input: number, output: number, tap: number, channels: number, multiplier: number) => void;

/** Every pair of an output pixel and a place of the filter that lies on the input: where each begins in its tensor. */
function forEachTap(conv: backend_util.Conv2DInfo, visit: VisitTap): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterWidth } = conv;
  const multiplier = outChannels / inChannels;
  const [height, width] = axesOf(conv);
  for (let batch = 0; batch < batchSize; batch++) {
    for (const y of height) {
      const row = (batch * inHeight + y.input) * inWidth;
      const outRow = (batch * outHeight + y.output) * outWidth;
      const tapRow = y.filter * filterWidth;
      for (const x of width) {
        const input = (row + x.input) * inChannels;
        const output = (outRow + x.output) * outChannels;
        visit(input, output, (tapRow + x.filter) * outChannels, inChannels, multiplier);
      }
    }
  }
}

function axesOf(conv: backend_util.Conv2DInfo): [height: readonly AxisTap[], width: readonly AxisTap[]] {
  const { padInfo: pad } = conv;
  return [
    axisTaps({
      ...{ output: conv.outHeight, filter: conv.filterHeight, input: conv.inHeight },
      ...{ stride: conv.strideHeight, dilation: conv.dilationHeight, pad: pad.top },
    }),
    axisTaps({
      ...{ output: conv.outWidth, filter: conv.filterWidth, input: conv.inWidth },
      ...{ stride: conv.strideWidth, dilation: conv.dilationWidth, pad: pad.left },
    }),
  ];
}
