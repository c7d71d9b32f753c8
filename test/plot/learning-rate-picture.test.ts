import { describe, expect, it } from 'vitest';
import { learningRatePicture } from '../../src/plot/learning-rate-picture.js';
import { svgToPng } from '../../src/plot/svg-to-png.js';
import {
  type LearningRateSuggestion,
  RangeTestRecorder,
  risingRates,
  suggestionOf,
} from '../../src/range-test/index.js';

/** What a test of these losses, and of a ratio that rises with the rate, comes to. */
function testOf(lossOf: (rate: number) => number, ratioOf: (rate: number) => number = (rate) => 3 * rate) {
  const recorder = new RangeTestRecorder();
  const ratios = new Map<number, number>();
  for (const [step, rate] of risingRates(1e-7, 10, 100).entries()) {
    ratios.set(step, ratioOf(rate));
    if (!recorder.add(rate, lossOf(rate), 2)) break;
  }
  return suggestionOf(recorder.result(ratios));
}

const valley = (rate: number) => 2 - rate / (rate + 0.05) + (rate > 0.5 ? (rate / 0.5) ** 4 : 0);

const CASES: Readonly<Record<string, LearningRateSuggestion>> = {
  'a rate by the ratio': testOf(valley),
  'a rate by the loss': testOf(valley, (rate) => rate / 1000),
  'a rate without ratios': testOf(valley, () => Number.NaN),
  'no fall': testOf((rate) => 2 + rate),
  'no change at all': testOf(
    () => 2,
    () => 0,
  ),
  'no finite loss': testOf(() => Number.NaN),
  'a loss that overflows': testOf((rate) => (rate > 1 ? 1e308 : valley(rate))),
};

/** Where the upright lines of marks are. */
const marksOf = (svg: string) =>
  [...svg.matchAll(/<path d="M([\d.]+),64V\d+" fill="none" stroke/g)].map(([, x]) => Number(x));

describe('learningRatePicture', () => {
  it.each(Object.entries(CASES))('draws %s, as SVG and PNG', async (_, suggestion) => {
    const svg = learningRatePicture(suggestion);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const png = Buffer.from(await svgToPng(svg, 0.2));
    expect([png.subarray(1, 4).toString(), png.readUInt32BE(16)]).toEqual(['PNG', 200]);
    expect(marksOf(svg)).toHaveLength(suggestion.found ? 2 : 0);
  });

  it('marks the rates where the axis has them', () => {
    const suggestion = CASES['a rate by the ratio'];
    if (!suggestion?.found) throw new Error('expected a rate');
    const svg = learningRatePicture(suggestion);
    const ticks = [...svg.matchAll(/<text x="([\d.]+)" y="600" text-anchor="middle">([^<]+)</g)];
    const [first, second] = ticks.map(([, x, rate]) => [Number(x), Math.log10(Number(rate))] as const);
    const xOf = (rate: number) =>
      first![0] + ((Math.log10(rate) - first![1]) * (second![0] - first![0])) / (second![1] - first![1]);
    const [lowest, suggested] = marksOf(svg);
    expect(lowest).toBeCloseTo(xOf(suggestion.rates.lowest), 0);
    expect(suggested).toBeCloseTo(xOf(suggestion.learningRate), 0);
    expect(svg).toContain(`suggested ${suggestion.learningRate}`);
  });

  it('says why there is none', () => {
    expect(learningRatePicture(CASES['no change at all']!)).toContain('none suggested: the loss did not fall');
  });

  it('is as wide as asked for', () => {
    expect(learningRatePicture(CASES['no fall']!, { width: 640 })).toMatch(/^<svg [^>]*width="640"/);
  });
});
