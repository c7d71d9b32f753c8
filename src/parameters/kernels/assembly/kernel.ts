// The fused pass over one parameter's old and new values, in WebAssembly SIMD. Compiled by `npm run build:kernel`.
//
// Squares are summed in float32 over blocks of 64 elements (at most 8 additions a lane), and the blocks in float64: as
// fast as memory, and right to 1e-6 at any length. A block whose float32 sum overflows, or is so small that squares
// may have underflowed, is done again in float64. So is one with a value that is not finite, which is why those need
// be counted only there.

export let updateSquares: f64 = 0;
export let weightSquares: f64 = 0;
export let maxAbsUpdate: f64 = 0;
export let unchanged: f64 = 0;
export let nonFinite: f64 = 0;

const BLOCK_BYTES: usize = 256;
const BLOCK_ELEMENTS: i32 = 64;
/** Below this a float32 sum of squares may have lost terms; far above float32's least normal number, 1.2e-38. */
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
  while (before < end) {
    updateBlock(before, after);
    before += BLOCK_BYTES;
    after += BLOCK_BYTES;
  }
  updateExactly(before, after, length & (BLOCK_ELEMENTS - 1));
}

/** The sum of squares of `length` float32 elements. */
export function squares(values: usize, length: i32): f64 {
  const end = values + (<usize>(length & ~(BLOCK_ELEMENTS - 1)) << 2);
  let total: f64 = 0;
  while (values < end) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    for (let i: usize = 0; i < BLOCK_BYTES; i += 32) {
      const x = v128.load(values + i);
      const y = v128.load(values + i, 16);
      a = f32x4.add(a, f32x4.mul(x, x));
      b = f32x4.add(b, f32x4.mul(y, y));
    }
    const sum = sumLanes(f32x4.add(a, b));
    total += sum > LEAST && sum < MOST ? <f64>sum : squaresExactly(values, BLOCK_ELEMENTS);
    values += BLOCK_BYTES;
  }
  return total + squaresExactly(values, length & (BLOCK_ELEMENTS - 1));
}

// @ts-ignore: decorator
@inline
function updateBlock(before: usize, after: usize): void {
  let updateA = f32x4.splat(0);
  let updateB = f32x4.splat(0);
  let weightA = f32x4.splat(0);
  let weightB = f32x4.splat(0);
  let most = f32x4.splat(0);
  let same = i32x4.splat(0);
  for (let i: usize = 0; i < BLOCK_BYTES; i += 32) {
    const w0 = v128.load(before + i);
    const w1 = v128.load(before + i, 16);
    const v0 = v128.load(after + i);
    const v1 = v128.load(after + i, 16);
    const d0 = f32x4.sub(v0, w0);
    const d1 = f32x4.sub(v1, w1);
    updateA = f32x4.add(updateA, f32x4.mul(d0, d0));
    updateB = f32x4.add(updateB, f32x4.mul(d1, d1));
    weightA = f32x4.add(weightA, f32x4.mul(w0, w0));
    weightB = f32x4.add(weightB, f32x4.mul(w1, w1));
    most = f32x4.pmax(most, f32x4.pmax(f32x4.abs(d0), f32x4.abs(d1)));
    same = i32x4.sub(same, i32x4.add(f32x4.eq(v0, w0), f32x4.eq(v1, w1)));
  }
  const update = sumLanes(f32x4.add(updateA, updateB));
  const weight = sumLanes(f32x4.add(weightA, weightB));
  const largest = maxLanes(most);
  // A block at rest has a sum of zero and lost nothing.
  const updateRight = (update > LEAST && update < MOST) || (update == 0 && largest == 0);
  if (updateRight && weight > LEAST && weight < MOST) {
    updateSquares += <f64>update;
    weightSquares += <f64>weight;
    if (<f64>largest > maxAbsUpdate) maxAbsUpdate = <f64>largest;
    unchanged += <f64>(i32x4.extract_lane(same, 0) + i32x4.extract_lane(same, 1) + i32x4.extract_lane(same, 2) + i32x4.extract_lane(same, 3));
  } else {
    updateExactly(before, after, BLOCK_ELEMENTS);
  }
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

// @ts-ignore: decorator
@inline
function sumLanes(lanes: v128): f32 {
  return f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3));
}

// @ts-ignore: decorator
@inline
function maxLanes(lanes: v128): f32 {
  return max(max(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)), max(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)));
}
