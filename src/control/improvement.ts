import type { OptionNames } from '../events/index.js';

/** What counts as a better metric. */
export interface ImprovementOptions {
  /** Whether less is better or more. Default: `min`. */
  readonly mode?: 'min' | 'max';
  /** How much better it must be. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best value or a difference. */
  readonly thresholdMode?: 'rel' | 'abs';
}

export const IMPROVEMENT_OPTIONS: OptionNames<ImprovementOptions> = {
  mode: true,
  threshold: true,
  thresholdMode: true,
};

/** Whether `value` is better than `best` by more than the threshold. */
export function improves(value: number, best: number, options: Required<ImprovementOptions>): boolean {
  const { mode, threshold, thresholdMode } = options;
  const sign = mode === 'min' ? -1 : 1;
  const margin = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
  return mode === 'min' ? value < margin : value > margin;
}

/** The metric that anything improves on. */
export function worst(mode: 'min' | 'max'): number {
  return mode === 'min' ? Infinity : -Infinity;
}
