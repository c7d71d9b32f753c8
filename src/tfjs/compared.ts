import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { HeldTensors } from './held-tensors.js';
import type { LiveParameter } from './live-parameter.js';

/** What there is of a parameter to measure. */
export interface Compared {
  /** The variable's own name. */
  readonly name: string;
  readonly size: number;
  /** The old value, where it can be compared: it is there, and of the shape and dtype of the new one. */
  readonly before: Tensor | undefined;
  /** The new value, unless the variable is gone. */
  readonly after: Tensor | undefined;
  /** Missing where none reached it; some optimizers dispose those that they are given. */
  readonly gradient: Tensor | 'disposed' | undefined;
}

/** What there is now of each parameter, and of the values that were held. */
export function comparedOf(parameters: readonly LiveParameter[], held: HeldTensors): readonly Compared[] {
  return parameters.map(({ variable, gradient }) => {
    const before = held.get(variable);
    return {
      name: variable.name,
      size: variable.size,
      before: comparable(before, variable) ? before : undefined,
      after: variable.isDisposed ? undefined : variable,
      gradient: gradient?.isDisposed ? 'disposed' : gradient,
    };
  });
}

function comparable(before: Tensor | undefined, variable: Variable): before is Tensor {
  return (
    before !== undefined &&
    !variable.isDisposed &&
    before.dtype === variable.dtype &&
    before.shape.length === variable.shape.length &&
    before.shape.every((size, axis) => size === variable.shape[axis])
  );
}
