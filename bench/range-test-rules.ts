/** What other tools make of a range test: of the losses alone, smoothed, without what the same batch had at first. */
import type { RangeTestPoint } from 'trainscope/tfjs';

const KEEP = 0.98;

/** The exponential mean, debiased, as long as the losses are finite. */
function smoothed(points: readonly RangeTestPoint[]): number[] {
  const means: number[] = [];
  let mean = 0;
  for (const [i, { loss }] of points.entries()) {
    if (!Number.isFinite(loss)) break;
    mean = KEEP * mean + (1 - KEEP) * loss;
    means.push(mean / (1 - KEEP ** (i + 1)));
  }
  return means;
}

/** A tenth of the rate at which the smoothed loss is lowest. */
export function tenthOfLowest(points: readonly RangeTestPoint[]): number {
  const losses = smoothed(points);
  return points[losses.indexOf(Math.min(...losses))]!.learningRate / 10;
}

/** In the middle of the longest falling subsequence of the smoothed losses, its beginning and its end left out. */
export function valley(points: readonly RangeTestPoint[]): number {
  const skipped = Math.floor(points.length / 10);
  const losses = smoothed(points).slice(skipped, -5);
  const lengths: number[] = [];
  for (const loss of losses) {
    const before = lengths.filter((_, j) => losses[j]! > loss);
    lengths.push(1 + Math.max(0, ...before));
  }
  const end = lengths.indexOf(Math.max(...lengths));
  const begin = end - lengths[end]!;
  return points[skipped + Math.max(0, Math.round((begin + end) / 2))]!.learningRate;
}
