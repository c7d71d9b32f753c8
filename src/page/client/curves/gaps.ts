/** A distance is a gap where it is so many times those around it. */
const BY_FAR = 5;

/** Distances on either side that say what is usual there. */
const AROUND = 2;

/**
 * Before which of these steps something is missing: where the distance to the one before is by far greater than those
 * around it. What is measured every ten steps, or ever more seldom, has no gaps; nor have three steps, of which nobody
 * knows what is usual.
 */
export function gapsBefore(steps: readonly number[]): ReadonlySet<number> {
  const gaps = new Set<number>();
  if (isEven(steps)) return gaps;
  const distances = steps.slice(1).map((step, i) => step - steps[i]!);
  for (const [i, distance] of distances.entries()) {
    if (!mayBeGap(distances, i)) continue;
    const around = [...distances.slice(Math.max(0, i - AROUND), i), ...distances.slice(i + 1, i + 1 + AROUND)];
    if (around.length >= AROUND && distance > BY_FAR * usualOf(around)) gaps.add(i + 1);
  }
  return gaps;
}

/** Mostly no distance is by far greater than any other: then nothing is missing. */
function isEven(steps: readonly number[]): boolean {
  let least = Infinity;
  let greatest = 0;
  for (let i = 1; i < steps.length; i++) {
    const distance = steps[i]! - steps[i - 1]!;
    if (distance < least) least = distance;
    if (distance > greatest) greatest = distance;
  }
  return greatest <= BY_FAR * least;
}

/** What is usual is not less than the least around: of thousands of steps that is mostly all to look at. */
function mayBeGap(distances: readonly number[], i: number): boolean {
  const limit = distances[i]! / BY_FAR;
  for (let j = Math.max(0, i - AROUND); j <= Math.min(distances.length - 1, i + AROUND); j++) {
    if (j !== i && distances[j]! < limit) return true;
  }
  return false;
}

/** One other gap among those around is not usual; two that are alike are. */
function usualOf(around: readonly number[]): number {
  return [...around].sort((a, b) => a - b)[Math.min(2, around.length - 1)]!;
}
