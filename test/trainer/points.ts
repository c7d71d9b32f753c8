import { seededUniform } from '../../src/trainer/data/random.js';

export interface Point {
  readonly x: readonly number[];
  readonly label: number;
}

/** Points of four numbers, in three classes by which of the first three is largest. */
export function points(count: number, seed = 1): Point[] {
  const uniform = seededUniform(seed);
  return Array.from({ length: count }, () => {
    const x = Array.from({ length: 4 }, () => 2 * uniform() - 1);
    const label = x.slice(0, 3).indexOf(Math.max(...x.slice(0, 3)));
    return { x, label };
  });
}
