import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelPatch } from '../patch.js';
import type { WasmBackend } from '../wasm-heap.js';

/** The wasm backend copies: every `clone()`, and every value the gradient tape saves. Sharing costs nothing. */
export const wasmIdentity: KernelPatch = {
  kernelName: 'Identity',
  backendName: 'wasm',
  make: (original) => (args) => {
    const { x } = args.inputs as { x: TensorInfo };
    if (x.dtype === 'string') return original!(args);
    (args.backend as WasmBackend).incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
};
