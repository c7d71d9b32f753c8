import type { Config, Severity } from '../../../events/index.js';
import { el } from '../parts/dom.js';
import { plural, readable, whole } from '../parts/format.js';
import { shortNames } from '../parts/short-names.js';
import { shownName } from '../parts/shown-name.js';
import { type SortColumn, type SortValue, sortedBy, sortHead } from '../parts/sorting.js';
import { replaceKept } from '../parts/virtual-rows.js';
import {
  filteredRows,
  type RunColumn,
  type RunRow,
  settingColumns,
  takeSettings,
  tellsApart,
} from '../run-table/run-rows.js';
import type { Sorting } from '../state/choices.js';
import { type RunStatus, STATUS_TEXTS } from '../state/run-state.js';

/** A run, as the server lists it. */
export interface ListedRun {
  readonly name: string;
  readonly state: Exclude<RunStatus, 'reading' | 'waiting'>;
  readonly reason?: string;
  readonly step: number;
  readonly maxSteps?: number;
  readonly loss: number;
  readonly alerts: number;
  readonly worst?: Severity;
  readonly beganAt: number;
  readonly heardAt: number;
  /** Those in which runs differ. */
  readonly settings?: Config;
}

/** Of a bold name, in CSS pixels, about. */
const CHARACTER_WIDTH = 9.4;

/** Settings that are listed at first. */
const SETTINGS_LISTED = 4;

interface Fact extends SortColumn {
  read(run: ListedRun): SortValue;
}

const FACTS: readonly Fact[] = [
  { key: 'name', title: 'Run', isNumber: false, read: ({ name }) => name },
  { key: 'state', title: 'State', isNumber: false, read: ({ state }) => STATUS_TEXTS[state] },
  { key: 'step', title: 'Step', isNumber: true, read: ({ step }) => step },
  { key: 'loss', title: 'Loss', isNumber: true, read: (run) => (hasLoss(run) ? run.loss : undefined) },
  { key: 'alerts', title: 'Alerts', isNumber: false, greatestFirst: true, read: ({ alerts }) => alerts },
  { key: 'began', title: 'Began', isNumber: false, greatestFirst: true, read: ({ beganAt }) => beganAt || undefined },
  { key: 'heard', title: 'Last heard of', isNumber: false, greatestFirst: true, read: ({ heardAt }) => heardAt },
];
/** Settings stand behind so many. */
const BEFORE_SETTINGS = 4;

interface ListRow extends RunRow {
  readonly run: ListedRun;
}

function rowOf(run: ListedRun): ListRow {
  const values = new Map(FACTS.map(({ key, read }) => [key, read(run)]));
  takeSettings(values, run.settings);
  return { name: run.name, run, values };
}

interface Row {
  readonly root: HTMLElement;
  readonly box: HTMLInputElement;
  readonly link: HTMLElement;
  name: string;
  shown: string;
}

/** All runs, one a row. A row that has not changed is left as it is, so that focus and choice stay. */
export class RunsTable {
  readonly root: HTMLElement;
  readonly #head = el('thead', {});
  readonly #body = el('tbody', {});
  readonly #rows = new Map<string, Row>();
  #all: readonly ListRow[] = [];
  #settings: readonly RunColumn[] = [];
  #filter = '';
  #sorting: Sorting | undefined;
  #allSettings = false;
  #drawn = '';

  constructor(
    private readonly onChosen: () => void,
    private readonly onSorted: (sorting: Sorting) => void,
  ) {
    this.root = el(
      'section',
      { class: 'panel', 'aria-label': 'All runs' },
      el(
        'div',
        { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': 'All runs, a table' },
        el('table', { class: 'runs-table' }, this.#head, this.#body),
      ),
    );
    this.#drawHead();
    addEventListener('resize', () => this.#draw());
  }

  /** The names of the runs that are chosen, and shown. */
  get chosen(): readonly string[] {
    return this.#shown.filter(({ name }) => this.#rows.get(name)?.box.checked).map(({ name }) => name);
  }

  /** How many settings that differ are listed on demand. */
  get moreSettings(): number {
    return this.#settings.length - Math.min(SETTINGS_LISTED, this.#settings.filter(tellsApart).length);
  }

  get #found() {
    return filteredRows({ columns: [...FACTS, ...this.#settings], rows: this.#all }, this.#filter);
  }

  get #shown(): readonly ListRow[] {
    const { rows } = this.#found;
    const sorting = this.#sorting;
    return sorting ? sortedBy(rows, ({ values }) => values.get(sorting.by), sorting.descending) : rows;
  }

  get #listedSettings(): readonly RunColumn[] {
    return this.#allSettings ? this.#settings : this.#settings.filter(tellsApart).slice(0, SETTINGS_LISTED);
  }

  /** As the table of runs is filtered: by name, or by a setting. Why the text says nothing, if so. */
  filter(text: string): string | undefined {
    this.#filter = text;
    this.#draw();
    this.onChosen();
    return this.#found.error;
  }

  /** By one of its columns; without, in the order in which they come. */
  sort(sorting: Sorting | undefined): void {
    this.#sorting = sorting;
    this.#draw();
  }

  /** List all settings that differ, or the first of them. */
  listSettings(all: boolean): void {
    this.#allSettings = all;
    this.#draw();
  }

  #drawHead(): void {
    const columns = [...FACTS.slice(0, BEFORE_SETTINGS), ...this.#listedSettings, ...FACTS.slice(BEFORE_SETTINGS)];
    const drawn = JSON.stringify([columns.map(({ key }) => key), this.#sorting]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = this.#head.querySelector<HTMLElement>(':focus')?.dataset.key;
    const head = sortHead(columns, this.#sorting ?? { by: '', descending: false }, this.onSorted);
    head.prepend(el('th', { scope: 'col' }, el('span', { class: 'visually-hidden' }, 'Chosen')));
    this.#head.replaceChildren(head);
    if (focused === undefined) return;
    const again = [...this.#head.querySelectorAll<HTMLElement>('[data-key]')];
    again.find(({ dataset }) => dataset.key === focused)?.focus();
  }

  update(runs: readonly ListedRun[]): void {
    this.#all = runs.map(rowOf);
    const names = new Set(runs.map(({ name }) => name));
    for (const name of this.#rows.keys()) if (!names.has(name)) this.#rows.delete(name);
    const settings = new Set(runs.flatMap((run) => Object.keys(run.settings ?? {})));
    const columns = settingColumns([...settings], this.#all);
    this.#settings = [...columns.filter(tellsApart), ...columns.filter((column) => !tellsApart(column))];
    this.#draw();
  }

  #draw(): void {
    this.#drawHead();
    const rows = this.#shown;
    const short = shortNames(
      rows.map(({ name }) => name),
      nameCharacters(),
    );
    replaceKept(
      this.#body,
      rows.map((row, i) => this.#rowOf(row, short[i]!)),
    );
  }

  #rowOf({ run, values }: ListRow, name: string): HTMLElement {
    const settings = this.#listedSettings.map((column) => [column, values.get(column.key)] as const);
    const row = this.#rows.get(run.name) ?? this.#begin(run.name);
    if (row.name !== name) {
      row.name = name;
      row.link.replaceChildren(...shownName(run.name, name));
    }
    const shown = JSON.stringify([run, timeAgo(run.heardAt), settings]);
    if (row.shown !== shown) {
      row.shown = shown;
      while (row.root.children.length > 2) row.root.lastElementChild!.remove();
      row.root.append(...cellsOf(run, settings));
    }
    return row.root;
  }

  #begin(name: string): Row {
    const box = el('input', { type: 'checkbox', 'aria-label': `Choose ${name}` });
    box.addEventListener('change', this.onChosen);
    const link = el('a', { href: `/run/${encodeURIComponent(name)}/`, title: name });
    const root = el('tr', {}, el('td', {}, box), el('th', { scope: 'row' }, link));
    const row = { root, box, link, name: '', shown: '' };
    this.#rows.set(name, row);
    return row;
  }
}

/** How many of a name have room: on a phone a third of its width, else a half at most. */
function nameCharacters(): number {
  const { clientWidth } = document.documentElement;
  const room = clientWidth <= 720 ? 0.34 * clientWidth : Math.min(0.46 * clientWidth, 460);
  return Math.floor(room / CHARACTER_WIDTH);
}

function cellsOf(run: ListedRun, settings: readonly (readonly [RunColumn, SortValue])[]): HTMLElement[] {
  const { state, reason, step, maxSteps, loss, alerts, worst = 'info', beganAt, heardAt } = run;
  const why = reason === undefined ? undefined : el('span', { class: 'reason', title: reason }, reason);
  const steps = maxSteps ? `${whole(step)} of ${whole(maxSteps)}` : whole(step);
  return [
    el('td', {}, el('span', { class: `badge ${state}` }, STATUS_TEXTS[state]), why),
    el('td', { class: 'number' }, steps),
    el('td', { class: 'number' }, hasLoss(run) ? readable(loss) : ''),
    ...settings.map(settingCell),
    el(
      'td',
      {},
      alerts > 0 ? el('span', { class: `badge ${worst}` }, `${plural(alerts, 'alert')} · ${worst}`) : undefined,
    ),
    el('td', { class: 'began' }, beganAt > 0 ? timeOf(beganAt) : ''),
    el('td', {}, timeAgo(heardAt)),
  ];
}

function settingCell([{ isNumber }, value]: readonly [RunColumn, SortValue]): HTMLElement {
  const text = value === undefined ? '–' : String(value);
  return el('td', { class: isNumber ? 'setting number' : 'setting', title: text }, text);
}

/** A run whose loss is not a number has one; not one that has not made a step. */
function hasLoss({ step, loss }: ListedRun): boolean {
  return step > 0 || !Number.isNaN(loss);
}

function timeOf(time: number): HTMLElement {
  const date = new Date(time);
  const text = date.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  return el('time', { datetime: date.toISOString() }, text);
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

function timeAgo(time: number): string {
  const ms = Date.now() - time;
  const unit = UNITS.find(([, length]) => ms >= length);
  if (!unit) return ms < 10_000 ? 'now' : `${10 * Math.floor(ms / 10_000)} seconds ago`;
  return `${plural(Math.floor(ms / unit[1]), unit[0])} ago`;
}
