import type { Tensor } from '@tensorflow/tfjs-core';
import type { PassedSums, PassSums } from '../parameters/index.js';
import { hostKernel, hostValues } from './host-values.js';
import { type TensorflowBackend, tensorflowBackend } from './tensorflow-backend.js';
import { kernelSumsOfSquares, kernelUpdateSums, tensorflowWithKernels } from './tensorflow-kernels.js';
import { operationSumOfSquares, operationUpdateSums } from './tensorflow-operations.js';

/** One parameter's old and new values, and where in the columns its sums go. */
export interface TensorPair {
  readonly before: Tensor;
  readonly after: Tensor;
  readonly at: number;
}

/** The passes that run at every step, over the tensors of all parameters. */
export interface TensorPasses {
  /** Whether the extremes cost nothing more. Else they are written only where they are asked for. */
  readonly extremesAreFree: boolean;
  /** Write the sums of each pair into the columns. */
  updates(pairs: readonly TensorPair[], into: PassSums, extremes: boolean): void;
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
  extremesAreFree: true,
  updates(pairs, into) {
    const kernel = hostKernel();
    for (const { before, after, at } of pairs) kernel.update(hostValues(before), hostValues(after), into, at);
  },
  squares(tensors) {
    const kernel = hostKernel();
    return tensors.map((tensor) => kernel.squares(hostValues(tensor)));
  },
};

function byKernels(owner: TensorflowBackend): TensorPasses {
  return {
    extremesAreFree: true,
    updates(pairs, into, extremes) {
      const ours = pairs.filter(({ before }) => isFloat32(before));
      if (ours.length > 0) {
        const before = ours.map((pair) => pair.before);
        const after = ours.map((pair) => pair.after);
        kernelUpdateSums(owner, before, after).forEach((sums, i) => {
          write(sums, into, ours[i]!.at, true);
        });
      }
      HOST.updates(
        pairs.filter(({ before }) => !isFloat32(before)),
        into,
        extremes,
      );
    },
    squares: (tensors) => split(tensors, isFloat32, (ours) => kernelSumsOfSquares(owner, ours), HOST.squares),
  };
}

function byOperations(owner: TensorflowBackend): TensorPasses {
  const worth = (tensor: Tensor) => isFloat32(tensor) && tensor.size >= WORTH_OPERATIONS;
  return {
    extremesAreFree: false,
    updates(pairs, into, extremes) {
      for (const { before, after, at } of pairs) {
        if (worth(before)) write(operationUpdateSums(owner, before, after), into, at, extremes);
      }
      HOST.updates(
        pairs.filter(({ before }) => !worth(before)),
        into,
        extremes,
      );
    },
    squares: (tensors) =>
      split(tensors, worth, (large) => large.map((tensor) => operationSumOfSquares(owner, tensor)), HOST.squares),
  };
}

function isFloat32({ dtype }: Tensor): boolean {
  return dtype === 'float32';
}

/** The extremes are read only where they are wanted: operations make them when they are read. */
function write(sums: PassedSums, into: PassSums, at: number, extremes: boolean): void {
  into.updateSquares[at] = sums.updateSquares;
  into.weightSquares[at] = sums.weightSquares;
  into.nonFinite[at] = sums.nonFinite;
  if (!extremes) return;
  into.maxAbsUpdate[at] = sums.maxAbsUpdate;
  into.unchanged[at] = sums.unchanged;
}

/** Each tensor goes one way or the other, all of one way together; the results come in the tensors' order. */
function split(
  tensors: readonly Tensor[],
  fits: (tensor: Tensor) => boolean,
  one: (tensors: readonly Tensor[]) => readonly number[],
  other: (tensors: readonly Tensor[]) => readonly number[],
): readonly number[] {
  const fitting = tensors.filter(fits);
  if (fitting.length === tensors.length) return tensors.length > 0 ? one(tensors) : [];
  const ones = fitting.length > 0 ? one(fitting) : [];
  const others = other(tensors.filter((tensor) => !fits(tensor)));
  let [i, j] = [0, 0];
  return tensors.map((tensor) => (fits(tensor) ? ones[i++]! : others[j++]!));
}
