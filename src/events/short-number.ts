/** A number as a message says it: three significant digits or so many, `0.000123` as `1.23e-4`. */
export function shortNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const rounded = Number(value.toPrecision(digits));
  const magnitude = Math.abs(rounded);
  return magnitude >= 1e-3 && magnitude < 1e6 ? String(rounded) : rounded.toExponential();
}
