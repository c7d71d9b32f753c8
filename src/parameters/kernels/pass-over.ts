import { zeroSums } from '../update-sums.js';
import type { Kernel, PassedSums, Values } from './kernel.js';

/** What a kernel finds of one parameter, as numbers. */
export function passOver(kernel: Kernel, before: Values, after: Values): PassedSums {
  const sums = zeroSums([after.length], ['norms', 'extremes']);
  kernel.update(before, after, sums, 0);
  return {
    updateSquares: sums.updateSquares[0]!,
    weightSquares: sums.weightSquares[0]!,
    maxAbsUpdate: sums.maxAbsUpdate[0]!,
    unchanged: sums.unchanged[0]!,
    nonFinite: sums.nonFinite[0]!,
  };
}
