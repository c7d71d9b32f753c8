import { color } from './theme.js';

/** Colours of runs and of lines within a chart, by their place; they come round again. */
export const LINE_COLORS = 8;

export function lineColor(index: number): string {
  return color(`--line-${index % LINE_COLORS}`);
}

export const RATIO_SCALE = { least: 1e-6, healthy: 1e-3, greatest: 1 } as const;

type Rgb = readonly [red: number, green: number, blue: number];

/** Diverging around the healthy 1e-3, in even steps of the logarithm from 1e-6 to 1; one set for each theme. */
const STOPS = ['--ratio-0', '--ratio-1', '--ratio-2', '--ratio-3', '--ratio-4', '--ratio-5', '--ratio-6'] as const;

/** Colours of a heatmap cell. */
export class RatioColors {
  readonly #stops: readonly Rgb[] = STOPS.map((name) => rgb(color(name)));
  readonly #still = rgb(color('--ratio-still'));
  readonly #bad = rgb(color('--ratio-bad'));

  /** The colour of a bucket: of that of its extremes that is farther from healthy. */
  of(min: number, max: number): Rgb {
    if (Number.isNaN(max)) return this.#bad;
    if (max === 0) return this.#still;
    return this.#at(fartherFromHealthy(min, max));
  }

  #at(ratio: number): Rgb {
    const { least, greatest } = RATIO_SCALE;
    const share = (Math.log10(ratio) - Math.log10(least)) / (Math.log10(greatest) - Math.log10(least));
    const place = Math.min(1, Math.max(0, share)) * (this.#stops.length - 1);
    const below = Math.min(this.#stops.length - 2, Math.floor(place));
    const [from, to] = [this.#stops[below]!, this.#stops[below + 1]!];
    const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * (place - below));
    return [mix(0), mix(1), mix(2)];
  }
}

export function fartherFromHealthy(min: number, max: number): number {
  const { least, healthy, greatest } = RATIO_SCALE;
  const distance = (ratio: number) =>
    Math.abs(Math.log10(Math.min(greatest, Math.max(least, ratio))) - Math.log10(healthy));
  return distance(max) >= distance(min) ? max : min;
}

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
