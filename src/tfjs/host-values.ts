import { backend, getBackend, type Tensor } from '@tensorflow/tfjs-core';
import { type Kernel, scalarKernel, simdKernel, type Values } from '../parameters/index.js';

/** The parts of the wasm backend that tell where a tensor lies. They are not its public API, so all may be missing. */
interface WasmBackendParts {
  readonly wasm?: { readonly asm?: { readonly memory?: unknown }; readonly HEAPU8?: Uint8Array };
  readonly dataIdMap?: { get(dataId: object): { readonly memoryOffset?: number; readonly dtype?: string } | undefined };
}

let kernels: WeakMap<object, Kernel> = new WeakMap();

/** The fastest kernel for values of the backend in use. */
export function hostKernel(): Kernel {
  const owner = backend();
  let kernel = kernels.get(owner);
  if (!kernel) {
    kernel = simdKernel(wasmMemory()) ?? scalarKernel;
    kernels.set(owner, kernel);
  }
  return kernel;
}

/** For tests: use this kernel from now on with the backend in use; undefined goes back to the fastest. */
export function forceKernel(kernel: Kernel | undefined): void {
  kernels = new WeakMap();
  if (kernel) kernels.set(backend(), kernel);
}

/**
 * A tensor's values to read at once, not to keep: on cpu and wasm the very memory of the tensor, which the next
 * operation may move or change; elsewhere a copy.
 */
export function hostValues(tensor: Tensor): Values {
  return viewOfWasmHeap(tensor) ?? (tensor.dataSync() as Values);
}

/**
 * The very memory of a float32 tensor, for whoever owns the tensor to write to; undefined on backends where it cannot be
 * reached. The next operation may move it: allocate first.
 */
export function ownMemory(tensor: Tensor): Float32Array | undefined {
  if (tensor.dtype !== 'float32') return undefined;
  if (getBackend() === 'cpu') return tensor.dataSync() as Float32Array;
  if (getBackend() === 'wasm' && tensor.size === 0) return new Float32Array();
  return viewOfWasmHeap(tensor) as Float32Array | undefined;
}

/** The heap of the wasm backend, where that is in use and shows it. */
export function wasmMemory(): WebAssembly.Memory | undefined {
  if (getBackend() !== 'wasm') return undefined;
  const memory = (backend() as unknown as WasmBackendParts).wasm?.asm?.memory;
  return memory instanceof WebAssembly.Memory ? memory : undefined;
}

function viewOfWasmHeap(tensor: Tensor): Values | undefined {
  if (tensor.dtype !== 'float32') return undefined;
  const memory = wasmMemory();
  if (!memory) return undefined;
  const offset = (backend() as unknown as WasmBackendParts).dataIdMap?.get(tensor.dataId)?.memoryOffset;
  // Numbers only: an empty tensor has no place in the heap.
  return offset ? new Float32Array(memory.buffer, offset, tensor.size) : undefined;
}
