// The fused pass over one parameter's old and new values, in WebAssembly SIMD. Compiled by `npm run build:kernel`.
//
// Squares are summed in float32 over blocks of 64 elements (at most 9 additions a lane), and the blocks in float64: as
// fast as memory, and right to 1e-6 at any length. A block whose float32 sum overflows, or is so small that squares
// may have underflowed, is done again in float64. So is one with a value that is not finite, which is why those need
// be counted only there. Nothing goes from lanes to scalars before the end: that would cost more than the sums.

export let updateSquares: f64 = 0;
export let weightSquares: f64 = 0;
export let maxAbsUpdate: f64 = 0;
export let unchanged: f64 = 0;
export let nonFinite: f64 = 0;

const BLOCK_BYTES: usize = 256;
const BLOCK_ELEMENTS: i32 = 64;
/** Outside of these a float32 sum of squares may have lost terms; float32's least normal number is 1.2e-38. */
const LEAST: f32 = 1e-25;
const MOST: f32 = 3e38;

export function reset(): void {
  updateSquares = 0;
  weightSquares = 0;
  maxAbsUpdate = 0;
  unchanged = 0;
  nonFinite = 0;
}

/** Add the sums of `length` float32 elements to the exported globals. */
export function update(before: usize, after: usize, length: i32): void {
  const end = before + (<usize>(length & ~(BLOCK_ELEMENTS - 1)) << 2);
  let updates = f64x2.splat(0);
  let weights = f64x2.splat(0);
  let most = f32x4.splat(0);
  let same: i32 = 0;
  while (before < end) {
    let updateA = f32x4.splat(0);
    let updateB = f32x4.splat(0);
    let weightA = f32x4.splat(0);
    let weightB = f32x4.splat(0);
    let blockMost = f32x4.splat(0);
    let least = f32x4.splat(MOST);
    for (let i: usize = 0; i < BLOCK_BYTES; i += 32) {
      const w0 = v128.load(before + i);
      const w1 = v128.load(before + i, 16);
      const d0 = f32x4.sub(v128.load(after + i), w0);
      const d1 = f32x4.sub(v128.load(after + i, 16), w1);
      const s0 = f32x4.mul(d0, d0);
      const s1 = f32x4.mul(d1, d1);
      updateA = f32x4.add(updateA, s0);
      updateB = f32x4.add(updateB, s1);
      weightA = f32x4.add(weightA, f32x4.mul(w0, w0));
      weightB = f32x4.add(weightB, f32x4.mul(w1, w1));
      // Squares are never negative, so their bits, as integers, are in the same order; and those are faster to compare.
      blockMost = i32x4.max_s(blockMost, i32x4.max_s(s0, s1));
      least = i32x4.min_s(least, i32x4.min_s(s0, s1));
    }
    const update = f32x4.add(updateA, updateB);
    const weight = f32x4.add(weightA, weightB);
    if (i32x4.all_true(v128.and(exact(update), exact(weight)))) {
      updates = f64x2.add(updates, widen(update));
      weights = f64x2.add(weights, widen(weight));
      most = i32x4.max_s(most, blockMost);
      // Equal elements have a squared difference of zero, but so have some that differ by very little.
      if (v128.any_true(f32x4.eq(least, f32x4.splat(0)))) same += equalElements(before, after);
    } else {
      unusualBlock(before, after);
    }
    before += BLOCK_BYTES;
    after += BLOCK_BYTES;
  }
  updateSquares += sumOf(updates);
  weightSquares += sumOf(weights);
  maxAbsUpdate = max(maxAbsUpdate, sqrt(<f64>maxLanes(most)));
  unchanged += <f64>same;
  updateExactly(before, after, length & (BLOCK_ELEMENTS - 1));
}

/** The sum of squares of `length` float32 elements. */
export function squares(values: usize, length: i32): f64 {
  const end = values + (<usize>(length & ~(BLOCK_ELEMENTS - 1)) << 2);
  let total = f64x2.splat(0);
  let unusual: f64 = 0;
  while (values < end) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    for (let i: usize = 0; i < BLOCK_BYTES; i += 32) {
      const x = v128.load(values + i);
      const y = v128.load(values + i, 16);
      a = f32x4.add(a, f32x4.mul(x, x));
      b = f32x4.add(b, f32x4.mul(y, y));
    }
    const sum = f32x4.add(a, b);
    if (i32x4.all_true(exact(sum))) total = f64x2.add(total, widen(sum));
    else unusual += squaresExactly(values, BLOCK_ELEMENTS);
    values += BLOCK_BYTES;
  }
  return sumOf(total) + unusual + squaresExactly(values, length & (BLOCK_ELEMENTS - 1));
}

/** A block at rest, such as the embeddings of words that did not occur; or one that float32 cannot sum. */
function unusualBlock(before: usize, after: usize): void {
  if (equalElements(before, after) == BLOCK_ELEMENTS) {
    const weight = squares(before, BLOCK_ELEMENTS);
    // Infinities are equal too, but are not at rest: their difference is NaN.
    if (weight < Infinity) {
      weightSquares += weight;
      unchanged += <f64>BLOCK_ELEMENTS;
      return;
    }
  }
  updateExactly(before, after, BLOCK_ELEMENTS);
}

/** How many elements of a block are equal before and after. */
function equalElements(before: usize, after: usize): i32 {
  let same = i32x4.splat(0);
  for (let i: usize = 0; i < BLOCK_BYTES; i += 16) {
    same = i32x4.sub(same, f32x4.eq(v128.load(before + i), v128.load(after + i)));
  }
  return (
    i32x4.extract_lane(same, 0) + i32x4.extract_lane(same, 1) + i32x4.extract_lane(same, 2) + i32x4.extract_lane(same, 3)
  );
}

function updateExactly(before: usize, after: usize, length: i32): void {
  for (let i: i32 = 0; i < length; i++) {
    const w = <f64>load<f32>(before + (<usize>i << 2));
    const v = <f64>load<f32>(after + (<usize>i << 2));
    const d = v - w;
    const magnitude = abs(d);
    updateSquares += d * d;
    weightSquares += w * w;
    // Once it is NaN, nothing is larger.
    if (magnitude > maxAbsUpdate || magnitude != magnitude) maxAbsUpdate = magnitude;
    if (v == w) unchanged += 1;
    if (v - v != 0) nonFinite += 1;
  }
}

function squaresExactly(values: usize, length: i32): f64 {
  let total: f64 = 0;
  for (let i: i32 = 0; i < length; i++) {
    const x = <f64>load<f32>(values + (<usize>i << 2));
    total += x * x;
  }
  return total;
}

// Lanes whose sum has lost nothing.
// @ts-ignore: decorator
@inline
function exact(sums: v128): v128 {
  return v128.and(f32x4.gt(sums, f32x4.splat(LEAST)), f32x4.lt(sums, f32x4.splat(MOST)));
}

// The sums of lanes 0 and 2, and of 1 and 3, in float64.
// @ts-ignore: decorator
@inline
function widen(lanes: v128): v128 {
  const high = v128.shuffle<i64>(lanes, lanes, 1, 1);
  return f64x2.add(f64x2.promote_low_f32x4(lanes), f64x2.promote_low_f32x4(high));
}

// @ts-ignore: decorator
@inline
function sumOf(lanes: v128): f64 {
  return f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
}

// @ts-ignore: decorator
@inline
function maxLanes(lanes: v128): f32 {
  return max(max(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)), max(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)));
}
