/** Three significant digits: 0.123, 12.3, 1.23e-4, 12,345. Non-finite numbers by their names. */
export function readable(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-3) return value.toExponential(2);
  if (magnitude >= 1000) return whole(value);
  return String(Number(value.toPrecision(3)));
}

/** Seven significant digits: what a table has room for, and tells any two points of a curve apart. */
export function exact(value: number): string {
  if (!Number.isFinite(value)) return readable(value);
  return String(Number(value.toPrecision(7)));
}

/** A number of an axis: as short as it can be. */
export function tick(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || magnitude < 1e-2) return Number(value.toPrecision(3)).toExponential().replace('e+', 'e');
  const [digits, fraction] = String(Number(value.toPrecision(6))).split('.');
  return [grouped(digits!), ...(fraction ? [fraction] : [])].join('.');
}

export function whole(value: number): string {
  return grouped(String(Math.round(value)));
}

/** Digits in threes. The browser's own way takes 20 ms when it is first asked: a page has its first picture by then. */
function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number and its unit are never on two lines. */
export const NO_BREAK_SPACE = '\u00a0';

export function percent(share: number): string {
  if (!Number.isFinite(share)) return readable(share);
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}${NO_BREAK_SPACE}%`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

const UNITS = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;

/** A count in a few characters: 950, 1.5K, 110M. */
export function compact(count: number): string {
  const [unit, letter] = UNITS.find(([each]) => count >= 0.99995 * each) ?? [1, ''];
  return `${Number((count / unit).toFixed(1))}${letter}`;
}
