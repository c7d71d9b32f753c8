/**
 * A small seeded generator (mulberry32): the same numbers on every backend and machine.
 *
 * The seed is a list of integers, hashed, so that independent streams are named: `[seed, step, call]`.
 */
export function seededUint32(...seed: readonly number[]): () => number {
  let state = hashIntegers(seed);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Uniform numbers in (0, 1): never 0, so that their logarithm is finite. */
export function seededUniform(...seed: readonly number[]): () => number {
  const next = seededUint32(...seed);
  return () => (next() + 0.5) / 2 ** 32;
}

/** `items` in a seeded order (Fisher-Yates); the argument stays as it is. */
export function seededShuffle<T>(items: readonly T[], ...seed: readonly number[]): T[] {
  const uniform = seededUniform(...seed);
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

function hashIntegers(values: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const value of values) {
    hash = Math.imul(hash ^ (value | 0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash;
}
