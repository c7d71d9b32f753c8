import { hcl } from 'd3-color';

/** For few lines: as far apart as can be (Tableau's ten, which Matplotlib uses). */
const FEW = [
  '#1f77b4',
  '#ff7f0e',
  '#2ca02c',
  '#d62728',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#bcbd22',
  '#17becf',
];

const LIGHTNESS = [38, 56, 68];

/** A colour a line. Many go once round the hues, so that neighbouring layers look alike, in three lightnesses. */
export function lineColours(count: number): readonly string[] {
  if (count <= FEW.length) return FEW.slice(0, count);
  return Array.from({ length: count }, (_, i) => hcl((360 * i) / count + 10, 62, LIGHTNESS[i % 3]!).formatHex());
}
