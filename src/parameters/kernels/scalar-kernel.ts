import { checkLengths, type Kernel } from './kernel.js';

/** In plain float64: for machines without WebAssembly SIMD, and for all that is not float32 anywhere. */
export const scalarKernel: Kernel = {
  name: 'scalar',
  update(before, after, into, at) {
    checkLengths(before, after);
    let updateSquares = 0;
    let weightSquares = 0;
    let maxAbsUpdate = 0;
    let unchanged = 0;
    let nonFinite = 0;
    for (let i = 0; i < after.length; i++) {
      const w = before[i]!;
      const v = after[i]!;
      const d = v - w;
      const magnitude = Math.abs(d);
      updateSquares += d * d;
      weightSquares += w * w;
      // Once it is NaN, nothing is larger.
      if (magnitude > maxAbsUpdate || Number.isNaN(magnitude)) maxAbsUpdate = magnitude;
      if (v === w) unchanged++;
      if (!Number.isFinite(v)) nonFinite++;
    }
    into.updateSquares[at] = updateSquares;
    into.weightSquares[at] = weightSquares;
    into.maxAbsUpdate[at] = maxAbsUpdate;
    into.unchanged[at] = unchanged;
    into.nonFinite[at] = nonFinite;
  },
  squares(values) {
    let total = 0;
    for (let i = 0; i < values.length; i++) total += values[i]! * values[i]!;
    return total;
  },
};
