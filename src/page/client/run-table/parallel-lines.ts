import { el, setAttribute, setStyle, setText, svg } from '../parts/dom.js';
import { tick } from '../parts/format.js';
import { lineLook } from '../parts/palette.js';
import { type SortValue, sortedBy } from '../parts/sorting.js';
import type { View } from '../state/view.js';
import { bestIn, type RunColumn, type RunRow, tellsApart } from './run-rows.js';

const WIDTH = 960;
const HEIGHT = 220;
const TOP = 30;
const BOTTOM = 24;
const SIDE = 70;
const MOST_AXES = 8;

/** Positive numbers of which the greatest is so many times the least stand by their logarithm. */
const LOG_FROM = 50;

interface ParallelAxis {
  /** Where a value is: 0 at the bottom to 1 at the top. */
  readonly at: (value: SortValue) => number;
  readonly ends: readonly [string, string];
  readonly isLog: boolean;
}

/** Numbers by size, or by their logarithm; texts in order. */
export function axisOf(values: readonly SortValue[]): ParallelAxis {
  const given = values.filter((value) => value !== undefined && !Number.isNaN(value));
  if (given.length > 0 && given.every((value) => typeof value === 'number')) return numbersAxis(given as number[]);
  const texts = [...new Set(sortedBy(given, String, false).map(String))];
  const place = (text: string) => (texts.length > 1 ? texts.indexOf(text) / (texts.length - 1) : 0.5);
  return { at: (value) => place(String(value)), ends: [texts[0] ?? '', texts.at(-1) ?? ''], isLog: false };
}

function numbersAxis(numbers: readonly number[]): ParallelAxis {
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
  const isLog = least > 0 && greatest / least >= LOG_FROM;
  const scale = (value: number) => (isLog ? Math.log(value) : value);
  const span = scale(greatest) - scale(least);
  const at = (value: SortValue) => (span > 0 ? (scale(Number(value)) - scale(least)) / span : 0.5);
  return { at, ends: [tick(least), tick(greatest)], isLog };
}

/** The settings in which runs differ as axes beside each other, and a metric as the last: each run a line over them. */
export class ParallelLines {
  readonly root: HTMLElement;
  readonly #metric = el('select', {});
  readonly #plot = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: 'parallel',
    role: 'img',
    'aria-label': 'Settings',
  });
  readonly #left = el('p', { class: 'hint' });
  #shown = '';
  #offered = '';

  constructor(private readonly view: View) {
    this.root = el(
      'div',
      { class: 'parallel-box' },
      el('label', { class: 'focus' }, 'Settings against', this.#metric),
      el(
        'div',
        { class: 'parallel-scroll', tabindex: 0, role: 'group', 'aria-label': 'Settings against a metric' },
        this.#plot,
      ),
      this.#left,
    );
    this.#metric.addEventListener('change', () => view.choose({ runsMetric: this.#metric.value }));
  }

  update(rows: readonly RunRow[], columns: readonly RunColumn[]): void {
    const settings = columns.filter(tellsApart);
    const metrics = columns.filter(({ kind }) => kind === 'best' || kind === 'last');
    setAttribute(this.root, 'hidden', rows.length < 2 || settings.length === 0 || metrics.length === 0);
    if (this.root.hidden) return;
    this.#offer(metrics);
    const metric = metrics.find(({ key }) => key === this.#metric.value)!;
    const axes = [...settings.slice(0, MOST_AXES), metric];
    const shown = JSON.stringify([
      axes.map(({ key }) => [key, ...rows.map(({ values }) => values.get(key))]),
      rows.map(({ name }) => [name, this.view.isHidden(name)]),
      this.view.theme.shown,
    ]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#draw(rows, axes, metric);
    const more = settings.length - MOST_AXES;
    setText(this.#left, more > 0 ? `${more} more settings that differ have no room here.` : '');
  }

  #offer(metrics: readonly RunColumn[]): void {
    const offered = JSON.stringify(metrics.map(({ key }) => key));
    if (offered !== this.#offered) {
      this.#offered = offered;
      this.#metric.replaceChildren(...metrics.map(({ key, title }) => el('option', { value: key }, title)));
    }
    const { runsMetric } = this.view.choices;
    const best = metrics.filter(({ kind }) => kind === 'best');
    const evaluated = best.find(({ key }) => key.startsWith('best:metric:eval/'));
    const chosen = metrics.find(({ key }) => key === runsMetric) ?? evaluated ?? best[0];
    this.#metric.value = chosen!.key;
  }

  #draw(rows: readonly RunRow[], columns: readonly RunColumn[], metric: RunColumn): void {
    const axes = columns.map(({ key }) => axisOf(rows.map(({ values }) => values.get(key))));
    const x = (i: number) => SIDE + ((WIDTH - 2 * SIDE) * i) / Math.max(1, columns.length - 1);
    const y = (share: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
    const lines = rows.flatMap(({ name, values }) => {
      const points = columns.flatMap(({ key }, i) => {
        const value = values.get(key);
        return value === undefined || Number.isNaN(value) ? [] : [`${x(i)},${y(axes[i]!.at(value))}`];
      });
      if (points.length < 2 || this.view.isHidden(name)) return [];
      const { color, dash } = lineLook(this.view.theme, this.view.placeOf(this.view.histories.of(name)));
      const look = { points: points.join(' '), 'stroke-dasharray': dash?.join(' ') };
      const line = svg('polyline', look, svg('title', {}, name));
      setStyle(line, { stroke: color });
      return [line];
    });
    const frames = columns.flatMap(({ title }, i) => [
      svg('line', { x1: x(i), x2: x(i), y1: y(0), y2: y(1) }),
      svg('text', { x: x(i), y: 14, 'text-anchor': 'middle', class: 'axis-title' }, title),
      svg('text', { x: x(i) + 6, y: y(1) + 4, class: 'axis-end' }, axes[i]!.ends[1]),
      svg('text', { x: x(i) + 6, y: y(0) + 4, class: 'axis-end' }, axes[i]!.ends[0]),
      ...(axes[i]!.isLog ? [svg('text', { x: x(i), y: HEIGHT - 6, 'text-anchor': 'middle' }, 'logarithmic')] : []),
    ]);
    this.#plot.replaceChildren(...lines, ...frames);
    const best = bestIn(metric, rows);
    const winner = rows.find(({ values }) => values.get(metric.key) === best);
    const said = columns.map(({ title }, i) => (axes[i]!.isLog ? `${title} (logarithmic)` : title));
    const of = `${said.slice(0, -1).join(', ')} against ${said.at(-1)}: a line for each of ${rows.length} runs`;
    this.#plot.setAttribute(
      'aria-label',
      `${of}${winner ? `; ${winner.name} is best` : ''}. The table has the values.`,
    );
  }
}
