import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LINE_COLORS, lineDash } from '../../../../src/page/client/parts/palette.js';
import { RUNS_KEPT } from '../../../../src/page/history/histories.js';

type Rgb = readonly [number, number, number];
type Matrix = readonly [Rgb, Rgb, Rgb];

const style = readFileSync(
  fileURLToPath(new URL('../../../../src/page/client/style/theme.css', import.meta.url)),
  'utf8',
);

/** How the colour blind see, wholly: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, 2009, of linear RGB. */
const EYES: Readonly<Record<string, Matrix>> = {
  'of most': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'without red': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'without green': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'without blue': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** In OKLab; 0.02 can just be told apart side by side. */
const APART = 0.095;
/** Of lines to what is behind them: WCAG 2.2, 1.4.11. */
const CONTRAST = 3;

describe.each([
  ['light', style.slice(style.indexOf('.theme {'), style.indexOf('.theme[data-theme="dark"]'))],
  ['dark', style.slice(style.indexOf('.theme[data-theme="dark"]'))],
])('colours of lines in the %s theme', (_, theme) => {
  const color = (name: string) => linear(new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(theme)![1]!);
  const lines = Array.from({ length: LINE_COLORS }, (_, i) => color(`line-${i}`));

  it.each(Object.entries(EYES))('are told apart by eyes %s', (_, eyes) => {
    const seen = lines.map((line) => oklab(multiplied(eyes, line)));
    const distances = seen.flatMap((a, i) => seen.slice(0, i).map((b) => Math.hypot(...a.map((x, k) => x - b[k]!))));
    expect(distances.length).toBe(45);
    expect(Math.min(...distances)).toBeGreaterThan(APART);
  });

  it.each(['card', 'page'])('stand out from the %s', (behind) => {
    for (const line of lines) expect(contrast(line, color(behind))).toBeGreaterThanOrEqual(CONTRAST);
  });
});

it('as many runs as a page has are told apart, by colours and dashes, and from their evaluations', () => {
  const looks = Array.from({ length: RUNS_KEPT }, (_, i) => i).flatMap((i) =>
    (['training', 'evaluation'] as const).map((of) => `${i % LINE_COLORS} ${lineDash(i, of)}`),
  );
  expect(new Set(looks).size).toBe(2 * RUNS_KEPT);
  expect(Array.from({ length: LINE_COLORS }, (_, i) => lineDash(i))).toEqual(new Array(LINE_COLORS).fill(undefined));
});

function linear(hex: string): Rgb {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function multiplied(matrix: Matrix, [r, g, b]: Rgb): Rgb {
  const row = ([x, y, z]: Rgb) => Math.min(1, Math.max(0, x * r + y * g + z * b));
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

/** B. Ottosson, 2020: a space in which distances are what the eye sees. */
function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [a, b].map(([r, g, bl]) => 0.2126 * r + 0.7152 * g + 0.0722 * bl + 0.05).sort((x, y) => x - y);
  return light! / dark!;
}
