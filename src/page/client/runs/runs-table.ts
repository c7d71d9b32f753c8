import type { Severity } from '../../../events/index.js';
import { el } from '../parts/dom.js';
import { plural, readable, whole } from '../parts/format.js';
import { replaceKept } from '../parts/virtual-rows.js';
import { namePattern } from '../state/name-pattern.js';

/** A run, as the server lists it. */
export interface ListedRun {
  readonly name: string;
  readonly state: 'running' | 'completed' | 'stopped' | 'failed' | 'ended' | 'silent';
  readonly reason?: string;
  readonly step: number;
  readonly maxSteps?: number;
  readonly loss: number;
  readonly alerts: number;
  readonly worst?: Severity;
  readonly beganAt: number;
  readonly heardAt: number;
}

const STATE_TEXTS: Readonly<Record<ListedRun['state'], string>> = {
  running: 'running',
  completed: 'completed',
  stopped: 'stopped',
  failed: 'failed',
  ended: 'ended',
  silent: 'not heard of',
};

interface Row {
  readonly root: HTMLElement;
  readonly box: HTMLInputElement;
  shown: string;
}

/** All runs, one a row. A row that has not changed is left as it is, so that focus and choice stay. */
export class RunsTable {
  readonly root: HTMLElement;
  readonly #body = el('tbody', {});
  readonly #rows = new Map<string, Row>();
  #runs: readonly ListedRun[] = [];
  #matches = (_name: string): boolean => true;

  constructor(private readonly onChosen: () => void) {
    const heads = ['Run', 'State', 'Step', 'Loss', 'Alerts', 'Began', 'Last heard of'];
    this.root = el(
      'section',
      { class: 'panel', 'aria-label': 'All runs' },
      el(
        'div',
        { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': 'All runs, a table' },
        el(
          'table',
          { class: 'runs-table' },
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              el('th', { scope: 'col' }, el('span', { class: 'visually-hidden' }, 'Chosen')),
              ...heads.map((head) => el('th', { scope: 'col' }, head)),
            ),
          ),
          this.#body,
        ),
      ),
    );
  }

  /** The names of the runs that are chosen, and shown. */
  get chosen(): readonly string[] {
    return this.#shown.filter(({ name }) => this.#rows.get(name)?.box.checked).map(({ name }) => name);
  }

  get #shown(): readonly ListedRun[] {
    return this.#runs.filter(({ name }) => this.#matches(name));
  }

  /** As parameters are found: by a part of the name, a glob, or a regular expression. Why the text says nothing, if so. */
  filter(text: string): string | undefined {
    const { matches, error } = namePattern(text);
    this.#matches = matches ?? (() => false);
    this.#draw();
    this.onChosen();
    return error;
  }

  update(runs: readonly ListedRun[]): void {
    this.#runs = runs;
    const names = new Set(runs.map(({ name }) => name));
    for (const name of this.#rows.keys()) if (!names.has(name)) this.#rows.delete(name);
    this.#draw();
  }

  #draw(): void {
    replaceKept(
      this.#body,
      this.#shown.map((run) => this.#rowOf(run)),
    );
  }

  #rowOf(run: ListedRun): HTMLElement {
    const row = this.#rows.get(run.name) ?? this.#begin(run.name);
    const shown = JSON.stringify([run, timeAgo(run.heardAt)]);
    if (row.shown !== shown) {
      row.shown = shown;
      while (row.root.children.length > 2) row.root.lastElementChild!.remove();
      row.root.append(...cellsOf(run));
    }
    return row.root;
  }

  #begin(name: string): Row {
    const box = el('input', { type: 'checkbox', 'aria-label': `Choose ${name}` });
    box.addEventListener('change', this.onChosen);
    const link = el('a', { href: `/run/${encodeURIComponent(name)}/` }, el('bdi', {}, name));
    const row = { root: el('tr', {}, el('td', {}, box), el('th', { scope: 'row' }, link)), box, shown: '' };
    this.#rows.set(name, row);
    return row;
  }
}

function cellsOf(run: ListedRun): HTMLElement[] {
  const { state, reason, step, maxSteps, loss, alerts, worst = 'info', beganAt, heardAt } = run;
  const why = reason === undefined ? undefined : el('span', { class: 'reason', title: reason }, reason);
  const steps = maxSteps ? `${whole(step)} of ${whole(maxSteps)}` : whole(step);
  return [
    el('td', {}, el('span', { class: `badge ${state}` }, STATE_TEXTS[state]), why),
    el('td', { class: 'number' }, steps),
    el('td', { class: 'number' }, step === 0 && Number.isNaN(loss) ? '' : readable(loss)),
    el(
      'td',
      {},
      alerts > 0 ? el('span', { class: `badge ${worst}` }, `${plural(alerts, 'alert')} · ${worst}`) : undefined,
    ),
    el('td', {}, beganAt > 0 ? timeOf(beganAt) : ''),
    el('td', {}, timeAgo(heardAt)),
  ];
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
