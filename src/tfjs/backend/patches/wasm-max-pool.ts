import { backend_util, type DataType, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import { floatsOf, sizeOf, type WasmBackend } from '../wasm-heap.js';

type Three = readonly [depth: number, height: number, width: number];

/** Windows over [batch, depth, height, width, channels]; pictures are one deep. */
interface Pooling {
  readonly batch: number;
  readonly channels: number;
  readonly input: Three;
  readonly output: Three;
  readonly window: Three;
  readonly strides: Three;
  readonly padding: Three;
}

interface Window {
  readonly begin: number;
  readonly end: number;
}

type Windows = readonly Window[];

interface Attributes {
  readonly filterSize: number;
  readonly strides: number;
  readonly pad: number | 'valid' | 'same';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The wasm backend seeks the maximum from the least positive number on, so that the gradient of a window without a
 * positive number went to its corner, or nowhere.
 */
export const wasmMaxPoolGrad: KernelPatch = gradient('MaxPoolGrad', pooling2D);

/** As {@link wasmMaxPoolGrad}. */
export const wasmMaxPool3DGrad: KernelPatch = gradient('MaxPool3DGrad', pooling3D);

/** As {@link wasmMaxPoolGrad}: there it is the maximum itself that was wrong. */
export const wasmMaxPool3D: KernelPatch = {
  kernelName: 'MaxPool3D',
  backendName: 'wasm',
  make: () => (args) => {
    const { x } = args.inputs as { x: TensorInfo };
    const backend = args.backend as WasmBackend;
    const pooling = pooling3D(x.shape, args.attrs as unknown as Attributes);
    const out = backend.makeOutput([pooling.batch, ...pooling.output, pooling.channels], x.dtype);
    const [values, found] = [floatsOf(backend, x), floatsOf(backend, out)];
    const places = maxima(values, pooling);
    for (let i = 0; i < places.length; i++) found[i] = values[places[i]!]!;
    return out;
  },
};

function gradient(
  kernelName: string,
  poolingOf: (shape: readonly number[], attrs: Attributes) => Pooling,
): KernelPatch {
  return {
    kernelName,
    backendName: 'wasm',
    make: () => (args) => {
      const { dy, input } = args.inputs as { dy: TensorInfo; input: TensorInfo };
      const backend = args.backend as WasmBackend;
      const dx = backend.makeOutput([...input.shape], input.dtype as DataType);
      const [outputs, sums] = [floatsOf(backend, dy), floatsOf(backend, dx)];
      sums.fill(0);
      const places = maxima(floatsOf(backend, input), poolingOf(input.shape, args.attrs as unknown as Attributes));
      for (let i = 0; i < places.length; i++) sums[places[i]!]! += outputs[i]!;
      return dx;
    },
  };
}

function pooling2D(shape: readonly number[], { filterSize, strides, pad, dimRoundingMode }: Attributes): Pooling {
  const picture = shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(picture, filterSize, strides, 1, pad, dimRoundingMode);
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    input: [1, info.inHeight, info.inWidth],
    output: [1, info.outHeight, info.outWidth],
    window: [1, info.filterHeight, info.filterWidth],
    strides: [1, info.strideHeight, info.strideWidth],
    padding: [0, info.padInfo.top, info.padInfo.left],
  };
}

function pooling3D(shape: readonly number[], { filterSize, strides, pad, dimRoundingMode }: Attributes): Pooling {
  const volume = shape as [number, number, number, number, number];
  const info = backend_util.computePool3DInfo(volume, filterSize, strides, 1, pad, dimRoundingMode);
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    window: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    padding: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/** Where each output's maximum lies in the input: the first of several, and NaN before all. */
function maxima(
  values: Float32Array,
  { batch, channels, input, output, window, strides, padding }: Pooling,
): Int32Array {
  const places = new Int32Array(batch * sizeOf(output) * channels);
  const [depth, height, width] = input;
  const [planes, rows, columns] = [0, 1, 2].map((axis) => windowsOf(axis)) as [Windows, Windows, Windows];
  let place = 0;
  for (let image = 0; image < batch; image++) {
    for (const plane of planes) {
      for (const row of rows) {
        for (const column of columns) {
          for (let channel = 0; channel < channels; channel++)
            places[place++] = maximum(image, plane, row, column, channel);
        }
      }
    }
  }
  return places;

  function maximum(image: number, plane: Window, row: Window, column: Window, channel: number): number {
    let best = -1;
    for (let z = plane.begin; z < plane.end; z++) {
      for (let y = row.begin; y < row.end; y++) {
        const line = ((image * depth + z) * height + y) * width;
        const end = (line + column.end) * channels;
        for (let at = (line + column.begin) * channels + channel; at < end; at += channels) {
          const value = values[at]!;
          if (best < 0 || value > values[best]! || Number.isNaN(value)) best = at;
        }
      }
    }
    return best;
  }

  /** What of the input each output sees along an axis. */
  function windowsOf(axis: number): Windows {
    return Array.from({ length: output[axis]! }, (_, i) => {
      const begin = i * strides[axis]! - padding[axis]!;
      return { begin: Math.max(0, begin), end: Math.min(input[axis]!, begin + window[axis]!) };
    });
  }
}
