// One AdamW update of one parameter, measured as it is made. Compiled by `npm run build:kernel`.
//
// The moments are updated where they lie; the weights go to `next`, since others may hold the old ones. Each block is
// updated and then measured while it is still in the cache.
import { reset as resetUpdate, squares, update } from '../../../parameters/kernels/assembly/kernel';

export { maxAbsUpdate, nonFinite, unchanged, updateSquares, weightSquares } from '../../../parameters/kernels/assembly/kernel';

export let gradientSquares: f64 = 0;

const BLOCK_ELEMENTS: i32 = 4096;

export function reset(): void {
  resetUpdate();
  gradientSquares = 0;
}

/**
 * `keep` is 1 − rate · decay, `stepSize` the rate over the first moment's bias correction, `rootCorrection` the root of
 * the second's.
 */
export function adamw(
  weights: usize,
  gradients: usize,
  first: usize,
  second: usize,
  next: usize,
  length: i32,
  keep: f32,
  beta2: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  stepSize: f32,
  rootCorrection: f32,
  epsilon: f32,
): void {
  for (let begin: i32 = 0; begin < length; begin += BLOCK_ELEMENTS) {
    const count = min(BLOCK_ELEMENTS, length - begin);
    const offset = <usize>begin << 2;
    const w = weights + offset;
    const g = gradients + offset;
    const m = first + offset;
    const v = second + offset;
    const out = next + offset;

    // As torch's lerp: from the nearer end, so that a large old mean leaves no rounding in a small new one.
    const fromOld = oneMinusBeta1 < 0.5;
    const from = fromOld ? m : g;
    const share = fromOld ? oneMinusBeta1 : oneMinusBeta1 - 1;

    const lanesEnd = <usize>(count & ~3) << 2;
    const keeps = f32x4.splat(keep);
    const beta2s = f32x4.splat(beta2);
    const shares = f32x4.splat(share);
    const oneMinusBeta2s = f32x4.splat(oneMinusBeta2);
    const stepSizes = f32x4.splat(stepSize);
    const rootCorrections = f32x4.splat(rootCorrection);
    const epsilons = f32x4.splat(epsilon);
    for (let i: usize = 0; i < lanesEnd; i += 16) {
      const gradient = v128.load(g + i);
      const oldM = v128.load(m + i);
      const newM = f32x4.add(v128.load(from + i), f32x4.mul(f32x4.sub(gradient, oldM), shares));
      const newV = f32x4.add(
        f32x4.mul(v128.load(v + i), beta2s),
        f32x4.mul(f32x4.mul(gradient, gradient), oneMinusBeta2s),
      );
      const divisor = f32x4.add(f32x4.div(f32x4.sqrt(newV), rootCorrections), epsilons);
      const step = f32x4.mul(f32x4.div(newM, divisor), stepSizes);
      v128.store(m + i, newM);
      v128.store(v + i, newV);
      v128.store(out + i, f32x4.sub(f32x4.mul(v128.load(w + i), keeps), step));
    }
    for (let i: usize = lanesEnd; i < <usize>count << 2; i += 4) {
      const gradient = load<f32>(g + i);
      const oldM = load<f32>(m + i);
      const newM = load<f32>(from + i) + (gradient - oldM) * share;
      const newV = load<f32>(v + i) * beta2 + gradient * gradient * oneMinusBeta2;
      const divisor = sqrt(newV) / rootCorrection + epsilon;
      store<f32>(m + i, newM);
      store<f32>(v + i, newV);
      store<f32>(out + i, load<f32>(w + i) * keep - (newM / divisor) * stepSize);
    }
    update(w, out, count);
    gradientSquares += squares(g, count);
  }
}
