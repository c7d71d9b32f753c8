import { swatchOf } from '../chart/swatch.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import { plural, readable, whole } from '../parts/format.js';
import type { Part } from '../parts/lazy-part.js';
import { lineLook } from '../parts/palette.js';
import { panel } from '../parts/panel.js';
import { shortNames } from '../parts/short-names.js';
import { shownName } from '../parts/shown-name.js';
import { type SortValue, sortedBy, sortHead } from '../parts/sorting.js';
import type { View } from '../state/view.js';
import { ParallelLines } from './parallel-lines.js';
import {
  bestIn,
  filteredRows,
  groupedRows,
  meanIn,
  type RunColumn,
  type RunGroup,
  type RunRow,
  runRows,
  tellsApart,
} from './run-rows.js';

const NAME_CHARACTERS = 32;

/** The runs side by side: how they are, the settings that tell them apart, the last and the best of their metrics. */
export class RunTable implements Part {
  readonly root: HTMLElement;
  readonly #filter = el('input', {
    type: 'search',
    placeholder: 'name, or learning_rate<0.01',
    'aria-label': 'Filter the runs: by name, or by a setting or metric with =, !=, < or >',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #group = el('select', {});
  readonly #common = el('button', { type: 'button', class: 'tool' }, 'common settings');
  readonly #count = el('p', { class: 'hint', role: 'status' });
  readonly #table = el('table', { class: 'run-table' });
  readonly #lines: ParallelLines;
  #shown = '';

  constructor(private readonly view: View) {
    const { root, body, tools } = panel('Runs', {
      hint: 'settings that differ, the last and the best of each metric',
      wide: true,
    });
    this.root = root;
    this.#lines = new ParallelLines(view);
    tools.append(this.#common);
    body.append(
      el(
        'div',
        { class: 'choice-row' },
        this.#filter,
        el('label', { class: 'focus' }, 'Group by', this.#group),
        this.#count,
      ),
      el(
        'div',
        { class: 'table-scroll tall', tabindex: 0, role: 'region', 'aria-label': 'Runs, a table' },
        this.#table,
      ),
      this.#lines.root,
    );
    this.#filter.addEventListener('input', () => view.choose({ runsFilter: this.#filter.value || undefined }));
    this.#group.addEventListener('change', () => view.choose({ runsGroup: this.#group.value || undefined }));
    this.#common.addEventListener('click', () => view.choose({ commonSettings: !view.choices.commonSettings }));
  }

  update(): undefined {
    const { choices, focus, theme } = this.view;
    const all = runRows(this.view.allRuns);
    const { runsFilter = '', runsGroup, runsSorting, commonSettings } = choices;
    if (this.#filter.value !== runsFilter) this.#filter.value = runsFilter;
    const { rows, error } = filteredRows(all, runsFilter);
    setText(this.#count, error ?? `${whole(rows.length)} of ${plural(all.rows.length, 'run')}`);
    const columns = all.columns.filter(({ kind, differs }) => kind !== 'setting' || differs || commonSettings);
    const common = all.columns.filter(({ kind, differs }) => kind === 'setting' && !differs);
    setAttribute(this.#common, 'hidden', common.length === 0);
    setAttribute(this.#common, 'aria-pressed', String(commonSettings));
    const shown = JSON.stringify([
      rows.map(({ values }) => [...values]),
      columns.map(({ key }) => key),
      [runsGroup, runsSorting, choices.hidden, focus?.name, theme.shown],
    ]);
    this.#lines.update(rows, columns);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#offerGroups(all.columns.filter(tellsApart));
    this.#draw(columns, rows);
  }

  #offerGroups(settings: readonly RunColumn[]): void {
    const options = [['', 'nothing'], ...settings.map(({ key, title }) => [key, title])];
    this.#group.replaceChildren(...options.map(([value, text]) => el('option', { value: value! }, text)));
    this.#group.value = this.view.choices.runsGroup ?? '';
    setAttribute(this.#group.parentElement!, 'hidden', settings.length === 0);
  }

  #draw(columns: readonly RunColumn[], rows: readonly RunRow[]): void {
    const { runsSorting = { by: '', descending: false }, runsGroup } = this.view.choices;
    const sorted = runsSorting.by
      ? sortedBy(rows, ({ values }) => values.get(runsSorting.by), runsSorting.descending)
      : rows;
    const best = new Map(
      columns.flatMap((column) => (column.kind === 'best' ? [[column.key, bestIn(column, rows)]] : [])),
    );
    const short = new Map(
      shortNames(
        rows.map(({ name }) => name),
        NAME_CHARACTERS,
      ).map((name, i) => [rows[i]!.name, name]),
    );
    const head = sortHead(columns, runsSorting, (sorting) => this.view.choose({ runsSorting: sorting }));
    head.prepend(el('th', { scope: 'col' }, el('span', { class: 'visually-hidden' }, 'Shown')));
    const groups = groupedRows(sorted, runsGroup);
    const bodies = groups.map((group) => {
      const heading = runsGroup === undefined ? [] : [groupHeading(columns, runsGroup, group)];
      return el(
        'tbody',
        {},
        ...heading,
        ...group.rows.map((row) => this.#row(columns, row, short.get(row.name)!, best)),
      );
    });
    const focused = this.#table.querySelector<HTMLElement>(':focus')?.dataset.key;
    this.#table.replaceChildren(el('thead', {}, head), ...bodies);
    if (focused === undefined) return;
    const again = [...this.#table.querySelectorAll<HTMLElement>('[data-key]')].find(
      ({ dataset }) => dataset.key === focused,
    );
    again?.focus({ preventScroll: true });
  }

  #row(
    columns: readonly RunColumn[],
    { name, values }: RunRow,
    short: string,
    best: ReadonlyMap<string, unknown>,
  ): HTMLElement {
    const { view } = this;
    const box = el('input', { type: 'checkbox', 'aria-label': `Show ${name}`, 'data-key': `box ${name}` });
    box.checked = !view.isHidden(name);
    box.addEventListener('change', () => view.show(name, box.checked));
    const isFocus = view.focus?.name === name;
    const swatch = swatchOf(lineLook(view.theme, view.placeOf(view.histories.of(name))));
    const link = el(
      'button',
      {
        ...{ type: 'button', class: 'name-link', title: `${name}: show its parameters and alerts` },
        ...{ 'aria-pressed': String(isFocus), 'data-key': `run ${name}` },
        onclick: () => view.choose({ focus: name, hidden: view.choices.hidden.filter((other) => other !== name) }),
      },
      ...shownName(name, short),
    );
    const cells = columns.slice(1).map((column) => cellOf(column, values.get(column.key), best.get(column.key)));
    return el(
      'tr',
      { class: isFocus && 'in-focus' },
      el('td', {}, box),
      el('th', { scope: 'row' }, el('span', { class: 'run-name' }, swatch, link)),
      ...cells,
    );
  }
}

function cellOf({ key, kind, isNumber, differs }: RunColumn, value: SortValue, best: unknown): HTMLElement {
  const isBest = kind === 'best' && value !== undefined && value === best;
  const classes = [
    isNumber && 'number',
    differs && 'differs',
    isBest && 'best',
    key === 'state' && 'badge',
    key === 'state' && String(value).replaceAll(' ', '-'),
  ];
  return el(
    'td',
    { class: classes.filter(Boolean).join(' ') || undefined, title: typeof value === 'string' && value },
    valueText(value, kind),
    isBest ? el('span', { class: 'visually-hidden' }, ' (the best)') : undefined,
  );
}

function valueText(value: SortValue, kind: RunColumn['kind']): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  return kind === 'setting' ? String(value) : kind === 'fact' ? whole(value) : readable(value);
}

/** What the runs of a group have in common, and the means of their metrics. */
function groupHeading(columns: readonly RunColumn[], groupKey: string, { value, rows }: RunGroup): HTMLElement {
  const title = columns.find(({ key }) => key === groupKey)?.title ?? groupKey;
  const text = `${title} ${valueText(value, 'setting')}: ${plural(rows.length, 'run')}`;
  const cells = columns.slice(1).map(({ key, kind }) => {
    const mean = kind === 'last' || kind === 'best' ? meanIn(key, rows) : undefined;
    return el('td', { class: 'number' }, mean === undefined ? '' : `mean ${readable(mean)}`);
  });
  return el('tr', { class: 'group' }, el('td', {}), el('th', { scope: 'row' }, text), ...cells);
}
