import { reshape, slice, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { type PassedSums, passOver } from '../parameters/index.js';
import { hostKernel, hostValues } from './host-values.js';
import type { OperationAttribute, TensorflowBackend } from './tensorflow-backend.js';

/** Elements at a time: the difference stays in the cache, and float32 counts and adds as many rightly. */
const PIECE = 2 ** 20;

/** Outside of these a sum of float32 squares has lost some to underflow, by element, or all to overflow. */
const LEAST_SQUARE = 1e-30;
const LARGEST_SUM = 1e37;

/**
 * The sums of one update by TensorFlow's own operations, for an addon without our kernels. On all cores: each piece is
 * added up in float32, and the pieces in float64. Good to 1e-6 relative, for float32 tensors that are not empty. The
 * largest change and the unchanged count take as long as all else together, so they are made when they are read: while
 * the tensors live.
 */
export function operationUpdateSums(owner: TensorflowBackend, before: Tensor, after: Tensor): PassedSums {
  const squared = squaredSums(owner, before, after);
  // Finite sums have finite terms. Others are a training that has failed: seldom, so slowly.
  if (!Number.isFinite(squared.updateSquares + squared.weightSquares)) {
    return passOver(hostKernel(), hostValues(before), hostValues(after));
  }
  return {
    ...squared,
    nonFinite: 0,
    get maxAbsUpdate() {
      return maxAbsUpdate(owner, before, after);
    },
    get unchanged() {
      return unchanged(owner, before, after);
    },
  };
}

/** Σx² by TensorFlow's own operations, as {@link operationUpdateSums}. */
export function operationSumOfSquares(owner: TensorflowBackend, x: Tensor): number {
  let total = 0;
  tidy(() => {
    for (const piece of pieces(x)) total += squares(owner, piece);
  });
  return total;
}

function squaredSums(
  owner: TensorflowBackend,
  before: Tensor,
  after: Tensor,
): Pick<PassedSums, 'updateSquares' | 'weightSquares'> {
  let [updateSquares, weightSquares] = [0, 0];
  eachDifference(owner, before, after, (difference, old) => {
    updateSquares += squares(owner, difference);
    weightSquares += squares(owner, old);
  });
  return { updateSquares, weightSquares };
}

function maxAbsUpdate(owner: TensorflowBackend, before: Tensor, after: Tensor): number {
  let largest = 0;
  eachDifference(owner, before, after, (difference) => {
    largest = Math.max(largest, maxAbs(owner, difference));
  });
  return largest;
}

function unchanged(owner: TensorflowBackend, before: Tensor, after: Tensor): number {
  let changed = 0;
  eachDifference(owner, before, after, (difference) => {
    changed += sumOfSquares(owner, run(owner, 'Sign', [difference]));
  });
  return before.size - changed;
}

function eachDifference(
  owner: TensorflowBackend,
  before: Tensor,
  after: Tensor,
  visit: (difference: Tensor, old: Tensor) => void,
): void {
  tidy(() => {
    const [old, now] = [pieces(before), pieces(after)];
    old.forEach((piece, i) => {
      tidy(() => visit(run(owner, 'Sub', [now[i]!, piece]), piece));
    });
  });
}

/** Σx², in float64 where float32 squares do not do. */
function squares(owner: TensorflowBackend, x: Tensor): number {
  const sum = sumOfSquares(owner, x);
  if (sum >= x.size * LEAST_SQUARE && sum <= LARGEST_SUM) return sum;
  if (sum === 0 && maxAbs(owner, x) === 0) return 0;
  return hostKernel().squares(hostValues(x));
}

function sumOfSquares(owner: TensorflowBackend, x: Tensor): number {
  return 2 * read(run(owner, 'L2Loss', [x]));
}

function maxAbs(owner: TensorflowBackend, x: Tensor): number {
  const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_INT32 } = owner.binding;
  const axes = tensor1d(
    x.shape.map((_, axis) => axis),
    'int32',
  );
  const attributes = [
    { name: 'Tidx', type: TF_ATTR_TYPE, value: TF_INT32 },
    { name: 'keep_dims', type: TF_ATTR_BOOL, value: false },
  ];
  const reduced = (name: string) => read(run(owner, name, [x, axes], attributes));
  return Math.max(reduced('Max'), -reduced('Min'));
}

/** One operation, without what TensorFlow.js does around its own: for parameters of usual size that is much of the time. */
function run(
  owner: TensorflowBackend,
  name: string,
  inputs: readonly Tensor[],
  attributes: readonly OperationAttribute[] = [],
): Tensor {
  const type = { name: 'T', type: owner.binding.TF_ATTR_TYPE, value: owner.binding.TF_FLOAT };
  return owner.executeMultipleOutputs(name, [type, ...attributes], inputs, 1)[0]!;
}

/** No copies: `slice` of whole rows of memory shares it. */
function pieces(x: Tensor): readonly Tensor[] {
  if (x.size <= PIECE) return [x];
  const flat = reshape(x, [x.size]);
  return Array.from({ length: Math.ceil(x.size / PIECE) }, (_, i) =>
    slice(flat, i * PIECE, Math.min(PIECE, x.size - i * PIECE)),
  );
}

function read(scalar: Tensor): number {
  return scalar.dataSync()[0]!;
}
