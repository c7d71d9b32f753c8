/** How much faster than a followed one a parameter must be to take its place. */
const CLEARLY = 2;

/**
 * The indices of the `k` fastest and the `k` slowest of many, for one step after the other. One that is followed stays
 * until another is twice as fast (or half as slow), so that its curve goes on and the set of series hardly changes.
 * A value that is not a number counts as the fastest.
 */
export function followMovers(k: number): (speeds: Float64Array) => number[] {
  const fastest = followFastest(k);
  const slowest = followFastest(k);
  return (speeds) => {
    const fast = Float64Array.from(speeds, (speed) => (Number.isNaN(speed) ? Infinity : speed));
    const slow = fast.map((speed) => 1 / speed);
    return [...new Set([...fastest(fast), ...slowest(slow)])];
  };
}

function followFastest(k: number): (speeds: Float64Array) => readonly number[] {
  let followed: number[] = [];
  return (speeds) => {
    if (followed.length === 0) {
      followed = Array.from(speeds.keys())
        .sort((a, b) => compare(speeds[b]!, speeds[a]!))
        .slice(0, k);
      return followed;
    }
    const members = new Set(followed);
    let last = slowestOf(followed, speeds);
    for (let i = 0; i < speeds.length; i++) {
      if (!(speeds[i]! > CLEARLY * speeds[followed[last]!]!) || members.has(i)) continue;
      members.delete(followed[last]!);
      members.add(i);
      followed[last] = i;
      last = slowestOf(followed, speeds);
    }
    return followed;
  };
}

/** Subtraction would give NaN for two infinities. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function slowestOf(indices: readonly number[], speeds: Float64Array): number {
  let slowest = 0;
  for (let j = 1; j < indices.length; j++) if (speeds[indices[j]!]! < speeds[indices[slowest]!]!) slowest = j;
  return slowest;
}
