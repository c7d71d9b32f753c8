import type { Metrics } from '../../events/index.js';

/** What was done in a time. */
export interface Done {
  readonly samples?: number;
  readonly steps?: number;
  readonly tokens?: number;
}

/** How fast it went, in Hugging Face's names: seconds, and examples, steps and tokens a second. */
export function speedMetrics(prefix: string, durationMs: number, done: Done): Metrics {
  const seconds = durationMs / 1000;
  const runtime = { [`${prefix}_runtime`]: round(seconds, 4) };
  if (seconds === 0) return runtime;
  const speeds = Object.entries(done).map(([what, count]) => [
    `${prefix}_${what}_per_second`,
    round(count / seconds, 3),
  ]);
  return { ...runtime, ...Object.fromEntries(speeds) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
