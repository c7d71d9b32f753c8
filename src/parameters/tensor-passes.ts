import type { Tensor } from '@tensorflow/tfjs-core';
import { hostKernel, hostValues } from './host-values.js';
import type { UpdateSums } from './kernels/kernel.js';
import { nativeSumOfSquares, nativeUpdateSums } from './native-sums.js';
import { tensorflowBackend } from './tensorflow-backend.js';

/** The passes that run at every step, over tensors. */
export interface TensorPasses {
  update(before: Tensor, after: Tensor): UpdateSums;
  /** Σx² */
  squares(x: Tensor): number;
}

/**
 * From how many elements on TensorFlow's own operations are faster than a copy of the values and a pass over it: below,
 * their fixed cost is more (`npm run bench native`).
 */
const WORTH_OPERATIONS = 2 ** 16;

/** The fastest passes on the backend in use. */
export function tensorPasses(): TensorPasses {
  const kernel = hostKernel();
  const host: TensorPasses = {
    update: (before, after) => kernel.update(hostValues(before), hostValues(after)),
    squares: (x) => kernel.squares(hostValues(x)),
  };
  const native = tensorflowBackend();
  if (!native) return host;
  const worth = ({ dtype, size }: Tensor) => dtype === 'float32' && size >= WORTH_OPERATIONS;
  return {
    update: (before, after) => (worth(before) ? nativeUpdateSums(native, before, after) : host.update(before, after)),
    squares: (x) => (worth(x) ? nativeSumOfSquares(native, x) : host.squares(x)),
  };
}
