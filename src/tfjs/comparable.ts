import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** Whether an old value and a variable can be compared: both there, and of the same shape and dtype. */
export function comparable(before: Tensor | undefined, variable: Variable): before is Tensor {
  return (
    before !== undefined &&
    !variable.isDisposed &&
    before.dtype === variable.dtype &&
    before.shape.length === variable.shape.length &&
    before.shape.every((size, axis) => size === variable.shape[axis])
  );
}
