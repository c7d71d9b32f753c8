/** A number as a cell, as Python, numpy and R read it; empty where there is none. */
export function numeral(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isFinite(value) ? String(value) : String(value).replace('Infinity', 'inf');
}
