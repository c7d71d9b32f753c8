/** Add to the last values, and forget the oldest beyond `length`. */
export function pushBounded<T>(values: T[], value: T, length: number): void {
  values.push(value);
  if (values.length > length) values.shift();
}

/** NaN of none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
