import type { Metrics } from '../../events/events.js';

/** How fast it went, in Hugging Face's names: seconds, examples and steps a second. */
export function speedMetrics(prefix: string, durationMs: number, samples: number, steps: number): Metrics {
  const seconds = durationMs / 1000;
  const runtime = { [`${prefix}_runtime`]: round(seconds, 4) };
  if (seconds === 0) return runtime;
  return {
    ...runtime,
    [`${prefix}_samples_per_second`]: round(samples / seconds, 3),
    [`${prefix}_steps_per_second`]: round(steps / seconds, 3),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
