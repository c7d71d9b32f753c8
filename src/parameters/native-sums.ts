import { reshape, slice, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { hostKernel, hostValues } from './host-values.js';
import type { UpdateSums } from './kernels/kernel.js';
import type { OperationAttribute, TensorflowBackend } from './tensorflow-backend.js';

/** Elements at a time: the difference stays in the cache, and float32 counts and adds as many rightly. */
const PIECE = 2 ** 20;

/** Outside of these a sum of float32 squares has lost some to underflow, by element, or all to overflow. */
const LEAST_SQUARE = 1e-30;
const LARGEST_SUM = 1e37;

/**
 * The sums of one update by TensorFlow's own operations, on all cores: each piece is added up in float32, and the pieces
 * in float64. Good to 1e-6 relative, for float32 tensors that are not empty.
 */
export function nativeUpdateSums(owner: TensorflowBackend, before: Tensor, after: Tensor): UpdateSums {
  const total = { updateSquares: 0, weightSquares: 0, maxAbsUpdate: 0, unchanged: 0, nonFinite: 0 };
  tidy(() => {
    const [old, now] = [pieces(before), pieces(after)];
    old.forEach((piece, i) => {
      const sums = ofPiece(owner, piece, now[i]!);
      total.updateSquares += sums.updateSquares;
      total.weightSquares += sums.weightSquares;
      total.maxAbsUpdate = Math.max(total.maxAbsUpdate, sums.maxAbsUpdate);
      total.unchanged += sums.unchanged;
      total.nonFinite += sums.nonFinite;
    });
  });
  return total;
}

/** Σx² by TensorFlow's own operations, as {@link nativeUpdateSums}. */
export function nativeSumOfSquares(owner: TensorflowBackend, x: Tensor): number {
  let total = 0;
  tidy(() => {
    for (const piece of pieces(x)) total += squares(owner, piece);
  });
  return total;
}

function ofPiece(owner: TensorflowBackend, before: Tensor, after: Tensor): UpdateSums {
  const difference = run(owner, 'Sub', [after, before]);
  const updateSquares = squares(owner, difference);
  const weightSquares = squares(owner, before);
  // Finite sums have finite terms. Others are a training that has failed: seldom, so slowly.
  if (!Number.isFinite(updateSquares + weightSquares)) {
    return hostKernel().update(hostValues(before), hostValues(after));
  }
  const changed = sumOfSquares(owner, run(owner, 'Sign', [difference]));
  return {
    updateSquares,
    weightSquares,
    maxAbsUpdate: maxAbs(owner, difference),
    unchanged: before.size - changed,
    nonFinite: 0,
  };
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
