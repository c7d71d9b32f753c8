/**
 * Colours of runs and of lines within a chart, by their place: told apart also by those who see red, green or blue alike,
 * on light and dark. They come round again, then with another pattern of dashes.
 */
export const LINE_COLORS = 10;

/** Diverging around the healthy 1e-3, in even steps of the logarithm from 1e-6 to 1; one set for each theme. */
export const RATIO_STOPS = [
  '--ratio-0',
  '--ratio-1',
  '--ratio-2',
  '--ratio-3',
  '--ratio-4',
  '--ratio-5',
  '--ratio-6',
] as const;

/** What is drawn with besides lines, of the style sheet. */
const NAMES = [
  '--accent',
  '--card',
  '--control',
  '--error',
  '--font',
  '--grid',
  '--info',
  '--muted',
  '--over',
  '--ratio-bad',
  '--ratio-still',
  '--text',
  '--warning',
  ...RATIO_STOPS,
] as const;

export type ColorName = (typeof NAMES)[number] | `--line-${number}`;

export const COLOR_NAMES: readonly ColorName[] = [
  ...NAMES,
  ...Array.from({ length: LINE_COLORS }, (_, i): ColorName => `--line-${i}`),
];

/** A theme: the values of its colours. */
export interface Colors {
  color(name: ColorName): string;
}

export function lineColor(theme: Colors, index: number): string {
  return theme.color(`--line-${index % LINE_COLORS}`);
}

/** Lengths of dashes and of what is between them, in CSS pixels: of the first runs, of those that come after them, and so on. */
const DASHES = [
  { training: undefined, evaluation: [6, 4] },
  { training: [14, 3], evaluation: [14, 3, 2, 3] },
  { training: [2, 2], evaluation: [2, 6] },
  { training: [9, 3, 2, 3, 2, 3], evaluation: [9, 3, 2, 3, 2, 8] },
] as const;

/** How the line of a run is dashed, by its place among all. */
export function lineDash(index: number, of: 'training' | 'evaluation' = 'training'): readonly number[] | undefined {
  return DASHES[Math.floor(index / LINE_COLORS) % DASHES.length]![of];
}

/** The look of a run's line, by its place among all. */
export function lineLook(theme: Colors, index: number, of?: 'training' | 'evaluation') {
  const dash = lineDash(index, of);
  return { color: lineColor(theme, index), ...(dash && { dash }) };
}

export const RATIO_SCALE = { least: 1e-6, healthy: 1e-3, greatest: 1 } as const;

type Rgb = readonly [red: number, green: number, blue: number];

/** Colours there are between two stops of the scale. */
const SHADES = 64;

/** Colours of a heatmap cell. */
export class RatioColors {
  readonly #pixels: Uint32Array;
  readonly #still: number;
  readonly #bad: number;

  constructor(theme: Colors) {
    const stops = RATIO_STOPS.map((name) => rgb(theme.color(name)));
    this.#pixels = Uint32Array.from({ length: SHADES * (stops.length - 1) + 1 }, (_, i) => {
      const below = Math.min(stops.length - 2, Math.floor(i / SHADES));
      return pixelOf(mixed(stops[below]!, stops[below + 1]!, i / SHADES - below));
    });
    this.#still = pixelOf(rgb(theme.color('--ratio-still')));
    this.#bad = pixelOf(rgb(theme.color('--ratio-bad')));
  }

  /** The colour of a bucket, as a pixel of an image: of that of its extremes that is farther from healthy. */
  pixel(min: number, max: number): number {
    if (Number.isNaN(max)) return this.#bad;
    if (max === 0) return this.#still;
    const greatest = this.#shadeOf(max);
    if (min === max) return this.#pixels[greatest]!;
    const least = this.#shadeOf(min);
    const healthy = this.#shadeOf(RATIO_SCALE.healthy);
    return this.#pixels[Math.abs(greatest - healthy) >= Math.abs(least - healthy) ? greatest : least]!;
  }

  #shadeOf(ratio: number): number {
    const { least, greatest } = RATIO_SCALE;
    const share = Math.log10(ratio / least) / Math.log10(greatest / least);
    return Math.round(Math.min(1, Math.max(0, share)) * (this.#pixels.length - 1));
  }
}

function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * share);
  return [mix(0), mix(1), mix(2)];
}

function pixelOf([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
