import { editDistance } from './edit-distance.js';

/** How a value is said in an error: strings quoted, functions and objects by what they are. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (value instanceof RegExp || value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(describeValue).join(', ')}]`;
  return `an object of class ${value.constructor?.name ?? 'Object'}`;
}

/** `; did you mean "…"?` where one of the candidates is near, or nothing. */
export function nearestHint(value: unknown, candidates: readonly string[]): string {
  if (typeof value !== 'string') return '';
  const tolerance = Math.max(2, Math.ceil(value.length / 3));
  const distances = candidates.map((candidate) => editDistance(value, candidate));
  const least = Math.min(...distances);
  const nearest = least > tolerance ? unabbreviated(value, candidates) : candidates[distances.indexOf(least)];
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}

/** The candidate that `value` may be short for: `stats` for `statistics`. */
function unabbreviated(value: string, candidates: readonly string[]): string | undefined {
  if (value.length < 3) return undefined;
  const letters = value.toLowerCase();
  return candidates.find((candidate) => candidate[0]?.toLowerCase() === letters[0] && isWithin(letters, candidate));
}

/** Whether all letters of a text come in another, in their order. */
function isWithin(letters: string, candidate: string): boolean {
  let found = 0;
  for (const letter of candidate.toLowerCase()) if (letter === letters[found]) found++;
  return found === letters.length;
}

type NameOf<O> = O extends unknown ? keyof O : never;

/** The name of every option in `O`. */
export type OptionNames<O> = Readonly<Record<NameOf<O>, true>>;

/** The names but for one: of options that leave it out. */
export function withoutName<N extends object, K extends keyof N>(names: N, name: K): Omit<N, K> {
  const { [name]: _, ...rest } = names;
  return rest;
}

/**
 * Gives `options`, which are those of `user`, such as `csvSink`. Of the names, which are all that there are (the compiler
 * says when one is missing or too many), the first is what somebody may mean who gives a bare value.
 *
 * @throws TypeError when they are no object, or have an option that there is not.
 */
export function checkOptions<O extends object, N extends OptionNames<NoInfer<O>>>(
  user: string,
  options: O,
  names: N & Readonly<Record<Exclude<keyof N, NameOf<NoInfer<O>>>, never>>,
): O {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const bare = typeof given === 'string' || typeof given === 'number' ? describeValue(given) : '…';
    throw new TypeError(
      `options: expected an object with the options of ${user}(), got ${describeValue(given)}; write { ${Object.keys(names)[0]}: ${bare} }, say`,
    );
  }
  checkNames(`the options of ${user}()`, options, names);
  return options;
}

/** @throws TypeError for a field of `given` that is none of `names`, which are those of `what`. */
export function checkNames(what: string, given: object, names: object): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    throw new TypeError(
      `${name}: expected one of ${what}, ${known.join(', ') || 'of which there are none'}; got ${JSON.stringify(name)}${nearestHint(name, known)}`,
    );
  }
}

/** @throws TypeError unless `value` is one of `allowed`. */
export function checkOneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) {
    const hint = nearestHint(value, allowed);
    throw new TypeError(`${name}: expected one of ${allowed.join(', ')}; got ${describeValue(value)}${hint}`);
  }
  return value;
}

/** @throws TypeError unless `value` is a whole number of at least 1. */
export function checkPositiveInteger(name: string, value: number): number {
  checkThat(name, Number.isSafeInteger(value) && value >= 1, 'a positive integer', value);
  return value;
}

/** @throws TypeError unless `value` is a whole number of at least 0. */
export function checkWholeNumber(name: string, value: number): number {
  checkThat(name, isCount(value), 'a whole number of at least 0', value);
  return value;
}

/** @throws TypeError unless `value` is a finite number of at least 0. */
export function checkNotNegative(name: string, value: number): number {
  checkThat(name, Number.isFinite(value) && value >= 0, 'a number of at least 0', value);
  return value;
}

/** @throws TypeError unless `value` is a finite number above 0. */
export function checkPositive(name: string, value: number): number {
  checkThat(name, Number.isFinite(value) && value > 0, 'a positive number', value);
  return value;
}

/** @throws TypeError unless `value` is a share: a number above 0, up to 1. */
export function checkShare(name: string, value: number): number {
  if (typeof value !== 'number' || !(value > 0 && value <= 1)) {
    throw new TypeError(`${name}: expected a number above 0, up to 1; got ${describeValue(value)}`);
  }
  return value;
}

/** @throws TypeError unless `value` is a function; `shape` says which, such as `function step → boolean`. */
export function checkFunction<T>(name: string, value: T, shape: string): T {
  checkThat(name, typeof value === 'function', `a ${shape}`, value);
  return value;
}

/** @throws TypeError that says what was expected, unless `isRight`. */
export function checkThat(name: string, isRight: boolean, expected: string, value: unknown): void {
  if (!isRight) throw new TypeError(`${name}: expected ${expected}, got ${describeValue(value)}`);
}

/** Whether something is a whole number of at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
