import { add, div, keep, mul, sqrt, square, sub, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { AdamWCoefficients } from '../kernels/fused-adamw.js';
import type { Moments } from './moments.js';

/** Update one parameter with TensorFlow.js operations: on any backend. */
export function composedStep(
  variable: Variable,
  gradient: Tensor,
  moments: Moments,
  { keep: kept, beta1, beta2, stepSize, rootCorrection, epsilon }: AdamWCoefficients,
): void {
  const { first, second } = moments;
  tidy(() => {
    const nextFirst = lerp(first, gradient, Math.fround(1 - beta1));
    const nextSecond = add(mul(second, beta2), mul(square(gradient), 1 - beta2));
    const divisor = add(div(sqrt(nextSecond), rootCorrection), epsilon);
    variable.assign(sub(mul(variable, kept), mul(div(nextFirst, divisor), stepSize)));
    moments.first = keep(nextFirst);
    moments.second = keep(nextSecond);
  });
  first.dispose();
  second.dispose();
}

/** As torch's: from the nearer end, so that a large start leaves no rounding in a small end. */
function lerp(start: Tensor, end: Tensor, weight: number): Tensor {
  const way = sub(end, start);
  return weight < 0.5 ? add(start, mul(way, weight)) : sub(end, mul(way, 1 - weight));
}
