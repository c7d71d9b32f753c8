import { guardText, textCell } from '../../../events/index.js';
import type { ChartPicture } from './chart-picture.js';
import { type DrawnLine, spanInView } from './drawn-line.js';
import { isPoint } from './line.js';

/**
 * What a chart shows, as RFC 4180: a row for each step that has a point in view, and columns for each line: its mean, where
 * steps are drawn together its least and greatest value, and where it is smoothed what is drawn. Numbers are whole.
 */
export function chartCsv({ axis, lines }: Pick<ChartPicture, 'axis' | 'lines'>): string {
  const all = lines.map((drawn) => columnsOf(drawn, spanInView(drawn, axis)));
  const steps = [...new Set(all.flatMap(({ rows }) => [...rows.keys()]))].sort((a, b) => a - b);
  const head = ['step', ...all.flatMap(({ names }) => names.map((name) => textCell(guardText(name))))];
  const rows = steps.map((step) => [
    String(step),
    ...all.flatMap(({ names, rows }) => rows.get(step) ?? names.map(() => '')),
  ]);
  return [head, ...rows].map((cells) => `${cells.join(',')}\r\n`).join('');
}

interface Columns {
  readonly names: readonly string[];
  readonly rows: ReadonlyMap<number, readonly string[]>;
}

function columnsOf({ line, values, raw }: DrawnLine, [from, to]: readonly [number, number]): Columns {
  const points = line.points.slice(from, to);
  const together = points.some((at) => isPoint(at) && at.min !== at.max);
  const names = [
    line.label,
    ...(together ? [`${line.label} least`, `${line.label} greatest`] : []),
    ...(raw ? [`${line.label} smoothed`] : []),
  ];
  const rows = points.flatMap((at, i): [number, string[]][] =>
    isPoint(at)
      ? [[at.x, [at.mean, ...(together ? [at.min, at.max] : []), ...(raw ? [values[from + i]!] : [])].map(String)]]
      : [],
  );
  return { names, rows: new Map(rows) };
}
