/**
 * An exponential moving average of values at places that ascend, without the bias to its first value. `weight`, from 0 to
 * below 1, is that of what was before, from one point to the next at the usual distance; at twice the distance it is
 * weight². Where all distances are equal this is TensorBoard's smoothing. NaN stays NaN, and does not count.
 */
export function smoothed(places: readonly number[], values: readonly number[], weight: number): readonly number[] {
  if (weight === 0) return values;
  const usual = usualDistance(places);
  let sum = 0;
  let total = 0;
  let before = Number.NaN;
  return values.map((value, i) => {
    if (!Number.isFinite(value)) return value;
    const distance = Number.isNaN(before) ? usual : places[i]! - before;
    const kept = weight ** (distance / usual);
    before = places[i]!;
    sum = kept * sum + (1 - kept) * value;
    total = kept * total + (1 - kept);
    return total > 0 ? sum / total : value;
  });
}

/** The median one. */
function usualDistance(places: readonly number[]): number {
  const distances = places.slice(1).map((place, i) => place - places[i]!);
  return distances.sort((a, b) => a - b)[distances.length >> 1] || 1;
}
