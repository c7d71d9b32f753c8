/** Add to the last values, and forget the oldest beyond `length`. */
export function pushBounded<T>(values: T[], value: T, length: number): void {
  values.push(value);
  if (values.length > length) values.shift();
}

/** NaN of none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The lower one of the two in the middle; NaN of none. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}
