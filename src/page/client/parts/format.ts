/** Three significant digits: 0.123, 12.3, 1.23e-4, 12,345. Non-finite numbers by their names. */
export function readable(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-3) return value.toExponential(2);
  if (magnitude >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** All the digits that a curve has of a number. */
export function exact(value: number): string {
  if (!Number.isFinite(value)) return readable(value);
  return String(Number(value.toPrecision(7)));
}

/** A number of an axis: as short as it can be. */
export function tick(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || magnitude < 1e-2) return Number(value.toPrecision(3)).toExponential().replace('e+', 'e');
  return Number(value.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 6 });
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function percent(share: number): string {
  if (!Number.isFinite(share)) return readable(share);
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
