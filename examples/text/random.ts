import { seededUniform } from '../../src/trainer/data/random.js';

export { seededShuffle, seededUint32, seededUniform } from '../../src/trainer/data/random.js';

/** `count` draws of a normal distribution around 0 (Box-Muller). */
export function seededNormal(count: number, standardDeviation: number, ...seed: readonly number[]): Float32Array {
  const uniform = seededUniform(...seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = standardDeviation * Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
