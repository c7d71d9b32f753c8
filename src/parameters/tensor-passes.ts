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

const HOST: TensorPasses = {
  update: (before, after) => hostKernel().update(hostValues(before), hostValues(after)),
  squares: (x) => hostKernel().squares(hostValues(x)),
};

/** The fastest passes on the backend in use. */
export function tensorPasses(): TensorPasses {
  const native = tensorflowBackend();
  if (!native) return HOST;
  const worth = ({ dtype, size }: Tensor) => dtype === 'float32' && size >= WORTH_OPERATIONS;
  return {
    update: (before, after) => (worth(before) ? nativeUpdateSums(native, before, after) : HOST.update(before, after)),
    squares: (x) => (worth(x) ? nativeSumOfSquares(native, x) : HOST.squares(x)),
  };
}
