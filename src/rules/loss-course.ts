import { meanOf, pushBounded } from './window.js';

/** How the loss began, and how it is now: plain data. */
export interface LossCourse {
  /** The first losses. */
  readonly first: number[];
  /** The last ones, none of them one of the first. */
  readonly last: number[];
}

/** So many losses say how it is. */
const ENOUGH = 20;
/** Less of the first loss is no progress worth the name. */
const LEAST_PROGRESS = 0.02;

export function lossCourse(): LossCourse {
  return { first: [], last: [] };
}

/** A loss that is not finite, or was not shown, says nothing here. */
export function takeLoss({ first, last }: LossCourse, loss: number): void {
  if (!Number.isFinite(loss)) return;
  if (first.length < ENOUGH) first.push(loss);
  else pushBounded(last, loss, ENOUGH);
}

/** Whether the loss has fallen since the run began, by more than chance; undefined while that is not known. */
export function hasFallen({ first, last }: LossCourse): boolean | undefined {
  if (last.length < ENOUGH) return undefined;
  const [before, now] = [meanOf(first), meanOf(last)];
  const chance = 2 * Math.hypot(errorOfMean(first), errorOfMean(last));
  return before - now > Math.max(LEAST_PROGRESS * Math.abs(before), chance);
}

/** Whether the loss is far above the one that the run began with: twice it, and by 1 at least. */
export function hasRisen({ first }: LossCourse, loss: number): boolean {
  const start = first[0];
  return start !== undefined && loss > start + Math.max(1, Math.abs(start));
}

/** Whether the loss is well below the one that the run began with: by a fifth. */
export function hasImproved({ first }: LossCourse, loss: number): boolean {
  const start = first[0];
  return start !== undefined && loss < start - Math.abs(start) / 5;
}

/** Whether the loss is where the run began, or below. */
export function isBack({ first }: LossCourse, loss: number): boolean {
  return loss <= (first[0] ?? Infinity);
}

function errorOfMean(values: readonly number[]): number {
  const mean = meanOf(values);
  const variance = meanOf(values.map((value) => (value - mean) ** 2));
  return Math.sqrt(variance / values.length);
}
