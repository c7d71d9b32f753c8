/** Add to the last values, and forget the oldest beyond `length`. */
export function pushBounded(values: number[], value: number, length: number): void {
  values.push(value);
  if (values.length > length) values.shift();
}

/** NaN of none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
