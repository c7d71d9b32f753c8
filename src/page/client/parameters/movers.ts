import { ratioHealth } from '../../../parameters/index.js';
import type { RunHistory } from '../../history/run-history.js';
import { el, setAttribute, setStyle, setText } from '../parts/dom.js';
import { percent, plural, readable, whole } from '../parts/format.js';
import type { Part } from '../parts/lazy-part.js';
import { LiveText } from '../parts/live-text.js';
import { RATIO_SCALE } from '../parts/palette.js';
import { panel } from '../parts/panel.js';
import { reveal } from '../parts/reveal.js';
import { KeptShortNames } from '../parts/short-names.js';
import { charactersIn, nameLink, renameLink } from '../parts/shown-name.js';
import type { Size } from '../parts/sizes.js';
import { TURN, type Work } from '../parts/slices.js';
import { type SortColumn, sortedBy, sortHead } from '../parts/sorting.js';
import { VirtualRows } from '../parts/virtual-rows.js';
import type { Sorting } from '../state/choices.js';
import type { View } from '../state/view.js';

/** What the latest step says of a parameter, or of a layer where a model has many. */
interface Mover {
  readonly name: string;
  readonly short: string;
  readonly ratio: number;
  readonly updateNorm: number | undefined;
  readonly weightNorm: number | undefined;
  readonly gradientNorm: number | undefined;
  readonly unchanged: number | undefined;
}

type Key = keyof Mover;

const COLUMNS = [
  { key: 'name', title: 'Name', isNumber: false },
  { key: 'ratio', title: 'Ratio', isNumber: true },
  { key: 'updateNorm', title: 'Update', isNumber: true },
  { key: 'weightNorm', title: 'Weight', isNumber: true },
  { key: 'gradientNorm', title: 'Gradient', isNumber: true },
  { key: 'unchanged', title: 'Still', isNumber: true },
] as const satisfies readonly (SortColumn & { readonly key: Key })[];

const AT_FIRST: Sorting = { by: 'ratio', descending: true };
const ROW_HEIGHT = 30;
/** CSS pixels of the columns beside the name. */
const OTHER_WIDTH = 520;

/** All parameters with what the latest step did to them, sorted by whatever one likes; the dead first by choice. */
export class Movers implements Part {
  readonly root: HTMLElement;
  readonly #note = new Note();
  readonly #deadFirst = el('button', { type: 'button', class: 'tool' }, 'the dead first');
  readonly #head = el('thead', { role: 'rowgroup' });
  readonly #table: HTMLElement;
  readonly #rows: VirtualRows<Mover>;
  #shown = '';
  readonly #kept = new KeptShortNames();
  readonly #size: Size;

  constructor(private readonly view: View) {
    const { root, body, tools } = panel('Movers and the dead', { hint: 'norms and ratios of the latest step' });
    this.root = root;
    // Each row is laid out by itself, which takes a table its meaning: hence the roles.
    const rows = el('tbody', { role: 'rowgroup' });
    this.#table = el('table', { class: 'movers', role: 'table' }, this.#head, rows);
    const scroller = el(
      'div',
      { class: 'table-scroll rows', tabindex: 0, role: 'region', 'aria-label': 'What each parameter does' },
      this.#table,
    );
    tools.append(this.#deadFirst);
    body.append(this.#note.root, scroller);
    this.#deadFirst.addEventListener('click', () => view.choose({ deadFirst: !view.choices.deadFirst }));
    this.#rows = new VirtualRows<Mover>({
      scroller,
      size: view.sizes.of(scroller),
      body: rows,
      height: ROW_HEIGHT,
      keyOf: ({ name }) => name,
      make: () => makeRow(view),
      fill: fillRow,
      makeSpacer: () => el('tr', { class: 'spacer', 'aria-hidden': 'true' }),
    });
    this.#size = view.sizes.of(body, { widthOnly: true });
  }

  *update(): Work {
    const { focus: run, choices } = this.view;
    const isShown = run !== undefined && (run.latest.value?.columns.updateRatio?.length ?? 0) > 0;
    yield* reveal(this.root, isShown);
    if (!isShown) return;
    const movers = moversOf(run, this.#shortNames(run));
    yield;
    const { by, descending } = choices.moversSorting ?? AT_FIRST;
    const sorted = sortedBy(movers, (mover) => mover[by as Key], descending);
    const isDead = ({ ratio }: Mover) => ratio === 0;
    const dead = sorted.filter(isDead);
    const order = choices.deadFirst ? [...dead, ...sorted.filter((mover) => !isDead(mover))] : sorted;
    this.#showHead({ by, descending }, movers);
    setAttribute(this.#deadFirst, 'aria-pressed', String(choices.deadFirst));
    setAttribute(this.#deadFirst, 'hidden', dead.length === 0);
    this.#note.show(run, movers.length, dead.length);
    setAttribute(this.#table, 'aria-rowcount', String(movers.length + 1));
    yield TURN;
    yield* this.#rows.show(order);
  }

  #showHead(sorting: Sorting, movers: readonly Mover[]): void {
    const columns = COLUMNS.filter(({ key }) => movers.some((mover) => mover[key] !== undefined));
    const shown = JSON.stringify([sorting, columns.map(({ key }) => key)]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = this.#head.querySelector<HTMLElement>('button:focus')?.dataset.key;
    const row = sortHead(columns, sorting, (moversSorting) => this.view.choose({ moversSorting }));
    setAttribute(row, 'role', 'row');
    for (const [i, title] of [...row.children].entries()) {
      setAttribute(title, 'role', 'columnheader');
      title.classList.add(columns[i]!.key);
    }
    this.#head.replaceChildren(row);
    for (const { key } of COLUMNS) this.#table.classList.toggle(`no-${key}`, !columns.some((some) => some.key === key));
    this.#head.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  }

  #shortNames({ rows }: RunHistory): readonly string[] {
    return this.#kept.of(rows.value.parameters, charactersIn(Math.max(150, this.#size.width - OTHER_WIDTH)));
  }
}

function moversOf(run: RunHistory, short: readonly string[]): Mover[] {
  const latest = run.latest.value;
  const ratios = latest?.columns.updateRatio;
  if (!latest || !ratios) return [];
  const { updateNorm, weightNorm, gradientNorm, unchanged } = latest.columns;
  return run.rows.value.parameters.flatMap((name, row) => {
    const ratio = ratios[row];
    if (ratio === undefined) return [];
    const norms = { updateNorm: updateNorm?.[row], weightNorm: weightNorm?.[row], gradientNorm: gradientNorm?.[row] };
    return [{ name, short: short[row]!, ratio, ...norms, unchanged: unchanged?.[row] }];
  });
}

/** How many there are, how many of them did not move, and at which step. */
class Note {
  readonly #words = el('span');
  /** Changes with every step. */
  readonly #step = new LiveText('step');
  readonly root = el('p', { class: 'readout' }, this.#words, ' at step ', this.#step.root);

  show(run: RunHistory, count: number, dead: number): void {
    const what = run.rows.value.byLayer ? 'layer' : 'parameter';
    const still = dead === 0 ? `every ${what} moved` : `${plural(dead, what)} did not move`;
    setText(this.#words, `${plural(count, what)}: ${still}`);
    this.#step.show(whole(run.latest.value!.step));
  }
}

function makeRow(view: View): HTMLElement {
  const strip = el('span', { class: 'strip', 'aria-hidden': 'true' }, el('i', { class: 'dot' }));
  const ratio = el(
    'td',
    { class: 'number ratio', role: 'cell' },
    strip,
    el('span', { class: 'value' }),
    el('span', { class: 'badge' }),
  );
  const others = ['updateNorm', 'weightNorm', 'gradientNorm', 'unchanged'];
  return el(
    'tr',
    { role: 'row' },
    el('th', { class: 'name', scope: 'row', role: 'rowheader' }, nameLink(view, '')),
    ratio,
    ...others.map((key) => el('td', { class: `number ${key}`, role: 'cell' })),
  );
}

/** Texts, and then what the browser has to find styles for. */
function* fillRow(row: HTMLElement, mover: Mover, index: number): Generator<undefined, void> {
  const { name, short, ratio, updateNorm, weightNorm, gradientNorm, unchanged } = mover;
  const [title, first, ...others] = row.children as unknown as HTMLElement[];
  setAttribute(row, 'aria-rowindex', String(index + 2));
  renameLink(title!.firstElementChild as HTMLElement, name, short);
  const texts = [updateNorm, weightNorm, gradientNorm].map((norm) => (norm === undefined ? '' : readable(norm)));
  texts.push(unchanged === undefined ? '' : percent(unchanged));
  for (const [i, cell] of others.entries()) setText(cell, texts[i]!);
  yield;
  const health = ratioHealth(ratio);
  const [strip, value, badge] = first!.children as unknown as HTMLElement[];
  setStyle(strip!, { '--at': `${(100 * shareOf(ratio)).toFixed(1)}%` });
  setAttribute(strip!.firstElementChild!, 'class', `dot ${health}`);
  setText(value!, readable(ratio));
  setAttribute(badge!, 'class', `badge ${health}`);
  setText(badge!, health);
}

function shareOf(ratio: number): number {
  const { least, greatest } = RATIO_SCALE;
  if (Number.isNaN(ratio)) return 1;
  const share = Math.log10(Math.max(ratio, least) / least) / Math.log10(greatest / least);
  return Math.min(1, Math.max(0, share));
}
