import type { Tensor } from '@tensorflow/tfjs-core';
import type { UpdateSums } from '../parameters/kernels/kernel.js';
import { hostKernel, hostValues } from './host-values.js';
import { type TensorflowBackend, tensorflowBackend } from './tensorflow-backend.js';
import { kernelSumsOfSquares, kernelUpdateSums, tensorflowWithKernels } from './tensorflow-kernels.js';
import { operationSumOfSquares, operationUpdateSums } from './tensorflow-operations.js';

/** One parameter's old and new values. */
export type BeforeAndAfter = readonly [before: Tensor, after: Tensor];

/** The passes that run at every step, over the tensors of all parameters. */
export interface TensorPasses {
  updates(pairs: readonly BeforeAndAfter[]): readonly UpdateSums[];
  /** Σx² of each. */
  squares(tensors: readonly Tensor[]): readonly number[];
}

/**
 * From how many elements on TensorFlow's own operations are faster than a copy of the values and a pass over it: below,
 * their fixed cost is more (`npm run bench native`).
 */
const WORTH_OPERATIONS = 2 ** 16;

/** The fastest passes on the backend in use. */
export function tensorPasses(): TensorPasses {
  const kernels = tensorflowWithKernels();
  if (kernels) return byKernels(kernels);
  const operations = tensorflowBackend();
  return operations ? byOperations(operations) : HOST;
}

const HOST: TensorPasses = {
  updates: (pairs) => pairs.map(([before, after]) => hostKernel().update(hostValues(before), hostValues(after))),
  squares: (tensors) => tensors.map((tensor) => hostKernel().squares(hostValues(tensor))),
};

function byKernels(owner: TensorflowBackend): TensorPasses {
  return {
    updates: (pairs) =>
      split(
        pairs,
        ([before]) => isFloat32(before),
        (ours) =>
          kernelUpdateSums(
            owner,
            ours.map(([before]) => before),
            ours.map(([, after]) => after),
          ),
        HOST.updates,
      ),
    squares: (tensors) => split(tensors, isFloat32, (ours) => kernelSumsOfSquares(owner, ours), HOST.squares),
  };
}

function byOperations(owner: TensorflowBackend): TensorPasses {
  const worth = (tensor: Tensor) => isFloat32(tensor) && tensor.size >= WORTH_OPERATIONS;
  return {
    updates: (pairs) =>
      split(
        pairs,
        ([before]) => worth(before),
        (large) => large.map(([before, after]) => operationUpdateSums(owner, before, after)),
        HOST.updates,
      ),
    squares: (tensors) =>
      split(tensors, worth, (large) => large.map((tensor) => operationSumOfSquares(owner, tensor)), HOST.squares),
  };
}

function isFloat32({ dtype }: Tensor): boolean {
  return dtype === 'float32';
}

/** Each item goes one way or the other, all of one way together; the results come in the items' order. */
function split<T, R>(
  items: readonly T[],
  fits: (item: T) => boolean,
  one: (items: readonly T[]) => readonly R[],
  other: (items: readonly T[]) => readonly R[],
): readonly R[] {
  const fitting = items.filter(fits);
  if (fitting.length === items.length) return items.length > 0 ? one(items) : [];
  const ones = fitting.length > 0 ? one(fitting) : [];
  const others = other(items.filter((item) => !fits(item)));
  let [i, j] = [0, 0];
  return items.map((item) => (fits(item) ? ones[i++]! : others[j++]!));
}
