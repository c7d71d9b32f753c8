import type { KernelFunc } from '@tensorflow/tfjs-core';

/** One kernel of one backend, made right or made faster. */
export interface KernelPatch {
  readonly kernelName: string;
  readonly backendName: 'cpu' | 'wasm';
  /** What to run instead; `original` is what the backend had, undefined where it lacks the kernel. */
  readonly make: (original: KernelFunc | undefined) => KernelFunc;
}
