/** The numbers that JSON lacks, or loses as JavaScript writes it, by their names. */
const LACKING: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

export function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

/** The name of a number that JSON lacks. */
export function lackingName(value: number): string {
  return value === 0 ? '-0' : String(value);
}

/** The number that JSON lacks by its name, if it is one. */
export function lackingNumber(name: unknown): number | undefined {
  return LACKING.get(name);
}
