/** What an update ratio means, in a word. */
export type RatioHealth = 'from zero' | 'exploding' | 'fast' | 'healthy' | 'slow' | 'still';

/** The healthy band of update ratios, around 1e-3. */
export const HEALTHY_RATIOS = [1e-4, 1e-2] as const;

/**
 * What an update ratio means: 1e-4 to 1e-2 is healthy, above 0.1 (or NaN) explodes, 0 is still. It is infinite where
 * weights that were zero moved: in a bias's first step, say, and that is no explosion.
 */
export function ratioHealth(ratio: number): RatioHealth {
  if (ratio === Infinity) return 'from zero';
  if (Number.isNaN(ratio) || ratio > 0.1) return 'exploding';
  if (ratio > HEALTHY_RATIOS[1]) return 'fast';
  if (ratio >= HEALTHY_RATIOS[0]) return 'healthy';
  return ratio > 0 ? 'slow' : 'still';
}
