import { isPoint, type Line, type Point } from '../chart/line.js';
import type { TableData } from '../parts/data-table.js';
import { exact } from '../parts/format.js';

/** The numbers of lines, one column a line, to seven digits: where steps are drawn together, their mean, least and greatest value. */
export function lineTable(lines: readonly Line[]): TableData {
  const texts = lines.map(({ points }) => new Map(points.filter(isPoint).map((point) => [point.x, textOf(point)])));
  for (const [i, { nonFinite = [] }] of lines.entries()) {
    for (const step of nonFinite) texts[i]!.set(step, joined(texts[i]!.get(step), 'not a number'));
  }
  const steps = [...new Set(texts.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b);
  const together = lines.some(({ points }) => points.some((point) => isPoint(point) && point.min !== point.max));
  return {
    head: ['Step', ...lines.map(({ label }) => label)],
    rows: steps.map((step) => [String(step), ...texts.map((each) => each.get(step) ?? '')]),
    ...(together && {
      note: 'Where steps are drawn together, a row is the middle one, with the mean, the least and the greatest value.',
    }),
  };
}

function textOf({ mean, min, max }: Point): string {
  return min === max ? exact(mean) : `${exact(mean)} (${exact(min)} – ${exact(max)})`;
}

function joined(text: string | undefined, more: string): string {
  return text === undefined ? more : `${text}, and ${more}`;
}
