import { backend_util, getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, sizeOf, type WasmBackend } from '../wasm-heap.js';

interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: number | 'valid' | 'same';
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: [number, number, number, number];
}

/**
 * The wasm backend lacks it, so that no convolution could be trained. With one row for each output pixel, holding the
 * inputs under the filter there, the gradient is one matrix product: rowsᵀ · dy.
 */
export const wasmConv2DBackpropFilter: KernelPatch = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  make: () => (args) => {
    const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } = args.attrs as unknown as Attributes;
    const backend = args.backend as WasmBackend;
    if (dataFormat !== 'NHWC') throw new Error(`dataFormat: expected NHWC, got ${dataFormat}; choose the cpu backend`);
    const shape = x.shape as [number, number, number, number];
    const conv = backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode);
    const patch = conv.filterHeight * conv.filterWidth * conv.inChannels;
    const outputs = conv.batchSize * conv.outHeight * conv.outWidth;
    const rows = backend.makeOutput([1, outputs, patch], 'float32');
    copyPatches(floatsOf(backend, x), floatsOf(backend, rows), conv);
    const gradient = getKernel('BatchMatMul', 'wasm').kernelFunc({
      inputs: { a: rows, b: { ...dy, shape: [1, outputs, conv.outChannels] } },
      backend,
      attrs: { transposeA: true, transposeB: false },
    }) as TensorInfo;
    backend.disposeData(rows.dataId);
    return { ...gradient, shape: filterShape };
  },
};

/** What lies outside of the input is zero. */
function copyPatches(x: Float32Array, rows: Float32Array, conv: backend_util.Conv2DInfo): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = conv;
  const image = sizeOf([inHeight, inWidth, inChannels]);
  const patch = sizeOf([filterHeight, filterWidth, inChannels]);
  rows.fill(0);
  let row = 0;
  for (let batch = 0; batch < batchSize; batch++) {
    for (let outY = 0; outY < outHeight; outY++) {
      const top = outY * conv.strideHeight - padInfo.top;
      const firstY = Math.max(0, -top);
      const endY = Math.min(filterHeight, inHeight - top);
      for (let outX = 0; outX < outWidth; outX++, row += patch) {
        const left = outX * conv.strideWidth - padInfo.left;
        const first = Math.max(0, -left);
        const end = Math.min(filterWidth, inWidth - left);
        if (end <= first) continue;
        for (let y = firstY; y < endY; y++) {
          const from = batch * image + ((top + y) * inWidth + left + first) * inChannels;
          rows.set(x.subarray(from, from + (end - first) * inChannels), row + (y * filterWidth + first) * inChannels);
        }
      }
    }
  }
}
