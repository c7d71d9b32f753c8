/** A chart as SVG and as CSV, of the lines that are on the screen. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeAxis } from '../../../../src/page/client/chart/axis.js';
import { chartCsv } from '../../../../src/page/client/chart/chart-csv.js';
import {
  type ChartPicture,
  drawChart,
  drawChartInPieces,
  plotBox,
} from '../../../../src/page/client/chart/chart-picture.js';
import { drawnLine, nearestIndex, valuesInView } from '../../../../src/page/client/chart/drawn-line.js';
import type { Gap, Line, Point } from '../../../../src/page/client/chart/line.js';
import { sortedReadings, windowAround } from '../../../../src/page/client/chart/readout.js';
import { SvgPen } from '../../../../src/page/client/chart/svg-pen.js';
import { valueScale } from '../../../../src/page/client/chart/value-scale.js';
import type { Theme } from '../../../../src/page/client/state/theme.js';
import { RunHistory } from '../../../../src/page/history/run-history.js';

/** A run of ten steps an epoch and a second. */
function runOf(steps: number): RunHistory {
  const run = new RunHistory('made');
  for (let step = 0; step <= steps; step++) {
    run.clock.take({ step, epoch: step / 10, time: 1_700_000_000_000 + 100 * step }, step);
  }
  run.state.set({ phase: 'finished', step: steps, epoch: steps / 10, beganAt: 1_700_000_000_000, time: 0 }, steps);
  return run;
}

const run = runOf(100);
const theme = { color: (name: string) => (name === '--font' ? 'sans-serif' : '#123456') } as Theme;

function lineOf(values: readonly (number | undefined)[], label = 'loss'): Line {
  const points = values.map((mean, i): Point | Gap =>
    mean === undefined ? { x: i, mean: null } : { x: i, mean, min: mean, max: mean },
  );
  return { label, color: '#abcdef', run, points };
}

function pictureOf(
  lines: readonly Line[],
  { log = false, smoothing = 0, steps = [0, 100] as [number, number] } = {},
): ChartPicture {
  const axis = new TimeAxis('step', [run], steps);
  const drawn = lines.map((line) => drawnLine(line, axis, smoothing));
  const scale = valueScale(
    drawn.map((line) => valuesInView(line, axis, log)),
    log,
    false,
  );
  return { axis, scale, lines: drawn, marks: [], band: undefined };
}

function svgOf(picture: ChartPicture): string {
  const pen = new SvgPen(600, 300, 'sans-serif');
  drawChart(pen, theme, plotBox(600, 300), picture);
  return pen.svg;
}

/** The line of this colour, its pieces, and how many points each has. */
function pieces(svg: string): number[] {
  const d = / d="([^"]*)" fill="none"[^>]*stroke="#abcdef"/.exec(svg)?.[1] ?? '';
  return d
    .split('M')
    .slice(1)
    .map((piece) => piece.split('L').length);
}

test('a line ends at a gap, and goes on after it; a point between two gaps is a dot', () => {
  const values = [...Array(30).fill(1), undefined, 2, undefined, ...Array(20).fill(3)];
  const svg = svgOf(pictureOf([lineOf(values)]));
  expect(pieces(svg)).toEqual([30, 1, 20]);
  expect(svg.match(/<circle/g)).toHaveLength(1);
});

test('a logarithmic scale has a gap where a value is 0 or below', () => {
  const svg = svgOf(pictureOf([lineOf([1, 10, 0, 100, -1, 5, ...Array(40).fill(7)])], { log: true }));
  expect(pieces(svg)).toEqual([2, 1, 41]);
});

test('what is not in view is not written, but for a point on either side', () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  expect(pieces(svgOf(pictureOf([lineOf(values)], { steps: [40, 60] })))).toEqual([23]);
});

/** What markup, XML and CSV take for something else. */
const letter = fc.constantFrom(
  '<',
  '>',
  '&',
  '"',
  "'",
  ',',
  ';',
  '=',
  '\r',
  '\n',
  '\0',
  '\x1b',
  '\ud800',
  '\u{1f600}',
  '\ufffe',
  'é',
  'a',
  '1',
);

test('any label is text in SVG, never markup', () => {
  fc.assert(
    fc.property(fc.string({ unit: letter }), (label) => {
      const pen = new SvgPen(10, 10, label);
      pen.text(label, 1, 2, { color: '#000' });
      const inside = pen.svg.slice(pen.svg.indexOf('<text'), pen.svg.indexOf('</text>'));
      expect(inside.lastIndexOf('<')).toBe(0);
      expect(/&(?!amp;|lt;|gt;|quot;)/.test(inside)).toBe(false);
    }),
  );
});

test('CSV has every number in full, and names that no spreadsheet computes', () => {
  const value = fc.option(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
    { nil: undefined },
  );
  const values = fc
    .array(value, { minLength: 1, maxLength: 30 })
    .filter((all) => all.some((each) => each !== undefined));
  fc.assert(
    fc.property(values, fc.string({ unit: letter }), (all, name) => {
      const csv = chartCsv(pictureOf([lineOf(all, `=${name}`)]));
      const [head, ...rows] = parse(csv, { relax_column_count: false, record_delimiter: '\r\n' }) as string[][];
      expect(head).toEqual(['step', `'=${Buffer.from(name).toString()}`]);
      expect(rows.map(([step, text]) => [Number(step), Number(text)])).toEqual(
        all.flatMap((each, i) => (each === undefined ? [] : [[i, each]])),
      );
    }),
  );
});

test('CSV has the extremes of steps that are drawn together, and what is smoothed', () => {
  const points = [
    { x: 1, mean: 2, min: 1, max: 3 },
    { x: 3, mean: 4, min: 4, max: 4 },
  ];
  const csv = chartCsv(pictureOf([{ ...lineOf([]), points }], { smoothing: 0.5 }));
  expect(csv).toBe(
    `step,loss,loss least,loss greatest,loss smoothed\r\n1,2,1,3,2\r\n3,4,4,4,${(0.5 * 2 + 4) / 1.5}\r\n`,
  );
});

test('axes say epochs and time of the same steps, and find them again', () => {
  for (const [kind, expected] of [
    ['step', [20, 60]],
    ['epoch', [2, 6]],
    ['relative', [2_000, 6_000]],
    ['wall', [1_700_000_002_000, 1_700_000_006_000]],
  ] as const) {
    const axis = new TimeAxis(kind, [run], [20, 60]);
    expect([axis.min, axis.max]).toEqual(expected);
    expect(axis.steps(axis.placeAt(0.25), axis.placeAt(0.75)).map(Math.round)).toEqual([30, 50]);
    expect(axis.ticks(6).length).toBeGreaterThan(2);
    expect(axis.ticks(6).every(({ at }) => axis.share(at) >= 0 && axis.share(at) <= 1)).toBe(true);
  }
});

test('of runs of different speed, the steps between two moments are those of all', () => {
  const slow = runOf(100);
  const twice = new RunHistory('fast');
  for (let step = 0; step <= 100; step++) twice.clock.take({ step, epoch: step / 10, time: 50 * step + 1 }, step);
  twice.state.set({ ...slow.state.value, step: 100 }, 1);
  const axis = new TimeAxis('relative', [slow, twice], [0, 100]);
  expect([axis.min, axis.max]).toEqual([0, 10_000]);
  expect(axis.steps(2_000, 4_000)).toEqual([20, 80]);
});

test('a run that has not come so far does not make the axis longer', () => {
  const axis = new TimeAxis('relative', [runOf(50)], [0, 1000]);
  expect(axis.max).toBe(5_000);
});

test('the nearest point is found, gaps left out', () => {
  const values = fc.array(fc.option(fc.constant(1), { nil: undefined }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, fc.double({ min: -5, max: 45, noNaN: true }), (all, place) => {
      const drawn = drawnLine(lineOf(all), new TimeAxis('step', [run], [0, 100]), 0);
      const known = all.flatMap((each, i) => (each === undefined ? [] : [i]));
      const index = nearestIndex(drawn, place);
      if (known.length === 0) expect(index).toBe(-1);
      else expect(Math.abs(index - place)).toBe(Math.min(...known.map((i) => Math.abs(i - place))));
    }),
  );
});

test('readings are sorted, the greatest first, and what is no number last', () => {
  const values = [3, Number.NaN, -1, Infinity, 7].map((value) => ({ value }));
  expect(sortedReadings(values).map(({ value }) => value)).toEqual([Infinity, 7, 3, -1, Number.NaN]);
});

test.each([
  ['few lines', 2, 5, [0, 5]],
  ['none is pointed at', -1, 22, [0, 14]],
  ['the first', 0, 22, [0, 14]],
  ['one in the middle', 11, 22, [4, 18]],
  ['the last', 21, 22, [8, 22]],
])('of many readings those around the one that is pointed at are said: %s', (_, index, count, window) => {
  expect(windowAround(index, count)).toEqual(window);
});

test('the time of day has no two ticks of the same name', () => {
  const labels = new TimeAxis('wall', [runOf(60)], [0, 60]).ticks(12).map(({ label }) => label);
  expect(labels.length).toBeGreaterThan(4);
  expect(new Set(labels).size).toBe(labels.length);
});

test('what an SVG says is text, whatever it holds', () => {
  const pen = new SvgPen(600, 300, 'a"b');
  pen.text('</text><script>alert("&")</script>\u0000\u001b', 0, 0, { size: 10, color: '"><i>', align: 'left' });
  expect(pen.svg.match(/<\/?[a-z]+/g)).toEqual(['<svg', '<text', '</text', '</svg']);
  expect(pen.svg).toContain('&lt;/text&gt;&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;</text>');
});

test('in pieces the same is drawn, the grid and then so many points at a stretch; also where there is no line', () => {
  const inPieces = (lines: readonly Line[]) => {
    const pen = new SvgPen(600, 300, 'sans-serif');
    const stretches = [...drawChartInPieces(pen, theme, plotBox(600, 300), pictureOf(lines), 50)].length;
    return { stretches, paths: pen.svg.match(/<path [^>]*>/g) };
  };
  const lines = [lineOf(Array(40).fill(1)), lineOf(Array(40).fill(2)), lineOf(Array(40).fill(3))];
  expect(inPieces(lines)).toEqual({ stretches: 4, paths: svgOf(pictureOf(lines)).match(/<path [^>]*>/g) });
  expect(inPieces([])).toEqual({ stretches: 2, paths: svgOf(pictureOf([])).match(/<path [^>]*>/g) });
});
