import { closestMatch } from 'leven';

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
  const nearest = closestMatch(value, candidates, { maxDistance: tolerance });
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
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
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new TypeError(`${name}: expected a positive integer, got ${describeValue(value)}`);
  }
  return value;
}

/** @throws TypeError unless `value` is a whole number of at least 0. */
export function checkWholeNumber(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`${name}: expected a whole number of at least 0, got ${describeValue(value)}`);
  }
  return value;
}

/** @throws TypeError unless `value` is a finite number of at least 0. */
export function checkNotNegative(name: string, value: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new TypeError(`${name}: expected a number of at least 0, got ${describeValue(value)}`);
  }
  return value;
}

/** @throws TypeError unless `value` is a finite number above 0. */
export function checkPositive(name: string, value: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw new TypeError(`${name}: expected a positive number, got ${describeValue(value)}`);
  }
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
  if (typeof value !== 'function') throw new TypeError(`${name}: expected a ${shape}, got ${describeValue(value)}`);
  return value;
}
