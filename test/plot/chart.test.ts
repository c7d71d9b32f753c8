import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/plot/chart.js';
import { lineColours } from '../../src/plot/colours.js';
import type { Series } from '../../src/plot/series.js';
import { svgToPng } from '../../src/plot/svg-to-png.js';
import { thinOut } from '../../src/plot/thin-out.js';

const seriesOf = (name: string, values: readonly number[]): Series => ({
  name,
  steps: values.map((_, i) => i + 1),
  values: [...values],
});

const linesOf = (svg: string) => [...svg.matchAll(/<path d="([^"]*)" stroke="([^"]*)" [^>]*><title>([^<]*)<\/title>/g)];

describe('chart', () => {
  it('has a line and a legend entry a parameter, and the labels of the tutorial', () => {
    const svg = chart([seriesOf('hidden/kernel', [1, 0.5, 0.25]), seriesOf('a<b>&"c"', [0, 1])]);
    expect(linesOf(svg).map(([, , , title]) => title)).toEqual(['hidden/kernel', 'a&lt;b&gt;&amp;&quot;c&quot;']);
    for (const text of ['Training Step', 'Parameter Update Norm', 'hidden/kernel', 'a&lt;b&gt;&amp;&quot;c&quot;']) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(new Set(linesOf(svg).map(([, , colour]) => colour)).size).toBe(2);
  });

  it('puts points where the axes say', () => {
    const [[, path]] = linesOf(chart([seriesOf('a', [0, 0.5, 1])])) as unknown as [[string, string]];
    const points = path
      .replace('M', '')
      .split(/[L ]/)
      .map((point) => point.split(',').map(Number));
    expect(points.map(([, y]) => y)).toEqual([584, 304, 24]); // from the bottom of the plot to its top
    expect(points[1]![0]).toBeCloseTo((points[0]![0]! + points[2]![0]!) / 2, 1);
    const [[, log]] = linesOf(chart([seriesOf('a', [1e-4, 1e-3, 1e-2])], { log: true })) as unknown as [
      [string, string],
    ];
    expect(log.match(/,([\d.]+)/g)).toEqual([',584.0', ',304.0', ',24.0']);
  });

  it('has no empty decade on a logarithmic axis', () => {
    const yOf = (values: readonly number[]) => {
      const [[, path]] = linesOf(chart([seriesOf('a', values)], { log: true })) as unknown as [[string, string]];
      return [...path.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y));
    };
    // The axis goes from 1, 2 or 5 times a power of ten to another: 2e-4 to 0.1, 5e-300 to 2e299.
    const [low, high] = yOf([4.7e-4, 0.071]);
    expect(low).toBeCloseTo(584 - (560 * Math.log10(2.35)) / Math.log10(500), 1);
    expect(high).toBeCloseTo(24 + (560 * Math.log10(1 / 0.71)) / Math.log10(500), 1);
    expect(yOf([5e-300, 2e299])).toEqual([584, 24]);
  });

  it('breaks a line where a value has no place, and says how many there are', () => {
    const values = [1, Number.NaN, 0, 2, 3];
    const linear = chart([seriesOf('a', values)]);
    expect(linesOf(linear)[0]![1]!.match(/M/g)).toHaveLength(2);
    expect(linear).toContain('not drawn: 1 value is not finite');
    const log = chart([seriesOf('a', values)], { log: true });
    expect(log).toContain('not drawn: 1 value is not finite, 1 is zero or below');
  });

  it('draws anything that can be measured, under any name, as an image', async () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(0, Number.NaN, Infinity, 5e-324, 1e308));
    const series = fc
      .tuple(fc.string({ unit: 'binary' }), fc.array(value, { maxLength: 5 }))
      .map(([name, values]) => seriesOf(name, values));
    await fc.assert(
      fc.asyncProperty(fc.array(series, { minLength: 1, maxLength: 3 }), fc.boolean(), async (all, log) => {
        const svg = chart(all, { log });
        expect(svg).not.toMatch(/NaN|Infinity(?!<\/t)|undefined/);
        const png = Buffer.from(await svgToPng(svg, 0.1));
        expect([png.subarray(1, 4).toString(), png.readUInt32BE(16)]).toEqual(['PNG', 100]);
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('a name is text in an SVG, never markup', () => {
    const name = '</text><script>alert("&")</script><img src=x onerror=alert(1)>\u0000\u001b';
    const marks = (svg: string) => new Set(svg.match(/<\/?[a-z]+/gi));
    const hostile = chart([seriesOf(name, [1, 2])], { yLabel: name });
    expect(marks(hostile)).toEqual(marks(chart([seriesOf('plain', [1, 2])], { yLabel: 'plain' })));
    expect(hostile).toContain('&lt;script&gt;');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: which XML does not allow
    expect(hostile).not.toMatch(/[\u0000\u001b]/);
  });

  it('has room for every name of 200 parameters, and a colour for each', () => {
    const names = Array.from({ length: 200 }, (_, i) => `bert.encoder.layer.${i}.attention.output.LayerNorm.weight`);
    const svg = chart(names.map((name) => seriesOf(name, [1, 2])));
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
    const places = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" dy="3.1">bert/g)];
    expect(new Set(places.map(([, x, y]) => `${x},${y}`)).size).toBe(200);
    for (const [, x, y] of places) {
      expect(Number(x)).toBeLessThan(width! - 200);
      expect(Number(y)).toBeLessThan(height!);
    }
    expect(new Set(lineColours(200)).size).toBe(200);
    expect(new Set(lineColours(40)).size).toBe(40);
  });

  it('draws the same image of the same numbers, with the font that comes along', async () => {
    const svg = chart([seriesOf('a', [1, 2, 3])]);
    const png = Buffer.from(await svgToPng(svg, 0.5));
    expect(png.equals(Buffer.from(await svgToPng(svg, 0.5)))).toBe(true);
    const without = svg.replaceAll(/<text.*?<\/text>/g, '');
    expect(png.length).toBeGreaterThan(1.2 * (await svgToPng(without, 0.5)).length);
  });
});

it('thins a line out to its extremes, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(300), fc.double({ noNaN: true })), { maxLength: 60 }), (list) => {
      const points = list.map(([x, y]) => [x / 10, y] as const).sort(([a], [b]) => a - b);
      const kept = thinOut(points);
      expect(points.filter((point) => kept.includes(point))).toEqual(kept);
      expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
      for (let column = 0; column < 31; column++) {
        const of = (all: readonly (readonly [number, number])[]) => all.filter(([x]) => Math.floor(x) === column);
        const extremes = (all: readonly (readonly [number, number])[]) => [
          Math.min(...of(all).map(([, y]) => y)),
          Math.max(...of(all).map(([, y]) => y)),
        ];
        expect(extremes(kept)).toEqual(extremes(points));
        expect(of(kept).length).toBeLessThanOrEqual(4);
      }
    }),
    { numRuns: 30, seed: 1 },
  );
});
