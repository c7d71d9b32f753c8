import type { Optimizer } from '@tensorflow/tfjs-core';
import type { SumsByVariable } from './live-parameters.js';

/** What an optimizer that measures while it updates, such as our AdamW, found in its last update; else undefined. */
export function stepSumsOf(optimizer: Optimizer): SumsByVariable | undefined {
  const { stepSums } = optimizer as { stepSums?: unknown };
  return stepSums instanceof Map ? stepSums : undefined;
}
