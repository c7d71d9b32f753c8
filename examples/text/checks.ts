/** @throws RangeError that says what was expected of a field, and what it is. */
export function check(ok: boolean, name: string, expectation: string, value: unknown): void {
  if (!ok) throw new RangeError(`${name}: expected ${expectation}; got ${JSON.stringify(value)}`);
}

/** The fields of a configuration that must be counts. */
export function checkCounts<Config>(config: Config, names: readonly (keyof Config & string)[]): void {
  for (const name of names) {
    const value = config[name];
    check(Number.isSafeInteger(value) && (value as number) > 0, name, 'a positive integer', value);
  }
}

/** The fields of a configuration that must be probabilities, where they are not null. */
export function checkProbabilities<Config>(config: Config, names: readonly (keyof Config & string)[]): void {
  for (const name of names) {
    const value = config[name] ?? 0;
    check(typeof value === 'number' && value >= 0 && value < 1, name, 'a number from 0 to below 1', value);
  }
}

/** Some backends read past the table for an index outside it, and say nothing. */
export function checkIndices(name: string, indices: Int32Array, count: number): void {
  for (const index of indices) {
    if (index < 0 || index >= count) throw new RangeError(`${name}: expected 0 to ${count - 1}; got ${index}`);
  }
}

/** What a configuration has: the defaults, and those of the fields that are known. */
export function withDefaults<Config extends object>(
  defaults: Config,
  fields: Readonly<Partial<Record<string, unknown>>>,
): Config {
  const known = Object.keys(defaults).filter((key) => fields[key] !== undefined);
  return { ...defaults, ...Object.fromEntries(known.map((key) => [key, fields[key]])) };
}
