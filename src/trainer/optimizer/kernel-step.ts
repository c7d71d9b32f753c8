import { type Tensor, tensor1d, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { StepSums } from '../../parameters/index.js';
import { float64In, tensorflowWithKernels, UPDATE_SUMS, updateSumsAt } from '../../tfjs/index.js';
import { type AdamWCoefficients, scalarsOf } from '../kernels/fused-adamw.js';
import type { Moments } from './moments.js';

/**
 * Update one parameter by the kernel in tfjs-node's addon, on all cores, and say what changed; undefined where that is
 * not in use. The moments are changed where they lie; the new weights are a new tensor, since snapshots hold the old one.
 */
export function kernelStep(
  variable: Variable,
  gradient: Tensor,
  moments: Moments,
  coefficients: AdamWCoefficients,
): StepSums | undefined {
  if (variable.dtype !== 'float32' || gradient.dtype !== 'float32') return undefined;
  const owner = tensorflowWithKernels();
  if (!owner) return undefined;
  let sums: StepSums | undefined;
  tidy(() => {
    const inputs = [variable, gradient, moments.first, moments.second, tensor1d(scalarsOf(coefficients))];
    const [next, found] = owner.executeMultipleOutputs('TrainscopeAdamW', [], inputs, 2);
    variable.assign(next!);
    const numbers = float64In(found!);
    sums = { ...updateSumsAt(numbers, 0), gradientSquares: numbers[UPDATE_SUMS]! };
  });
  return sums;
}
