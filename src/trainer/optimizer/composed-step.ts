import { add, div, keep, mul, sqrt, square, sub, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { AdamWCoefficients } from '../kernels/fused-adamw.js';
import type { Moments } from './adamw.js';

/** Update one parameter with TensorFlow.js operations: on any backend. */
export function composedStep(
  variable: Variable,
  gradient: Tensor,
  moments: Moments,
  { keep: kept, beta1, beta2, stepSize, rootCorrection, epsilon }: AdamWCoefficients,
): void {
  const { first, second } = moments;
  tidy(() => {
    const nextFirst = add(first, mul(sub(gradient, first), 1 - beta1));
    const nextSecond = add(mul(second, beta2), mul(square(gradient), 1 - beta2));
    const divisor = add(div(sqrt(nextSecond), rootCorrection), epsilon);
    variable.assign(sub(mul(variable, kept), mul(div(nextFirst, divisor), stepSize)));
    moments.first = keep(nextFirst);
    moments.second = keep(nextSecond);
  });
  first.dispose();
  second.dispose();
}
