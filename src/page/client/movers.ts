import { ratioHealth } from '../../parameters/index.js';
import type { RunHistory } from '../history/run-history.js';
import { el, setStyle } from './dom.js';
import { plural, readable } from './format.js';
import { RATIO_SCALE } from './palette.js';
import { panel } from './panel.js';
import type { View } from './view.js';

interface Mover {
  readonly name: string;
  readonly ratio: number;
  readonly unchanged: number | undefined;
}

const SHOWN = 6;

/** Which parameters move most, which least, and which are dead. */
export class Movers {
  readonly root: HTMLElement;
  readonly #body: HTMLElement;

  constructor(private readonly view: View) {
    const { root, body } = panel('Movers and the dead', { hint: 'update ratio of the latest step' });
    this.root = root;
    this.#body = el('div', { class: 'movers' });
    body.append(this.#body);
  }

  update(): void {
    const run = this.view.focus;
    const movers = run ? moversOf(run) : [];
    this.root.hidden = movers.length === 0;
    if (this.root.hidden) return;
    const moving = movers.filter(({ ratio }) => ratio !== 0).sort((a, b) => rank(b.ratio) - rank(a.ratio));
    const dead = movers.filter(({ ratio }) => ratio === 0);
    const half = Math.min(SHOWN, Math.ceil(moving.length / 2));
    const slowest = moving.slice(Math.max(half, moving.length - SHOWN)).reverse();
    this.#body.replaceChildren(
      group('Move most', moving.slice(0, half)),
      group('Move least', slowest),
      deadGroup(dead),
    );
  }
}

function moversOf(run: RunHistory): Mover[] {
  const latest = run.latest.value;
  const ratios = latest?.columns.updateRatio;
  if (!latest || !ratios) return [];
  return run.rows.value.parameters.flatMap((name, row) => {
    const ratio = ratios[row];
    return ratio === undefined ? [] : [{ name, ratio, unchanged: latest.columns.unchanged?.[row] }];
  });
}

/** NaN is the worst. */
function rank(ratio: number): number {
  return Number.isNaN(ratio) ? Infinity : ratio;
}

function group(title: string, movers: readonly Mover[]): HTMLElement {
  return el('div', { class: 'mover-group' }, el('h3', {}, title), el('ul', {}, ...movers.map(moverItem)));
}

function deadGroup(dead: readonly Mover[]): HTMLElement {
  if (dead.length === 0) {
    return el(
      'div',
      { class: 'mover-group' },
      el('h3', {}, 'Dead'),
      el('p', { class: 'good' }, 'None: every parameter moved.'),
    );
  }
  const more = dead.length - SHOWN;
  return el(
    'div',
    { class: 'mover-group' },
    el('h3', {}, `Dead: ${plural(dead.length, 'parameter')} did not move`),
    el('ul', {}, ...dead.slice(0, SHOWN).map(moverItem)),
    more > 0 ? el('p', { class: 'hint' }, `and ${more} more`) : undefined,
  );
}

function moverItem({ name, ratio, unchanged }: Mover): HTMLElement {
  const health = ratioHealth(ratio);
  const strip = el('span', { class: 'strip', 'aria-hidden': 'true' }, el('i', { class: `dot ${health}` }));
  setStyle(strip, { '--at': `${(100 * shareOf(ratio)).toFixed(1)}%` });
  const still =
    unchanged !== undefined && unchanged > 0.5 && ratio !== 0 ? `, ${Math.round(100 * unchanged)} % of it still` : '';
  return el(
    'li',
    {},
    el('span', { class: 'name', title: name }, el('bdi', {}, name)),
    strip,
    el('span', { class: 'value' }, readable(ratio)),
    el(
      'span',
      { class: `badge ${health}` },
      health,
      still ? el('span', { class: 'visually-hidden' }, still) : undefined,
    ),
  );
}

function shareOf(ratio: number): number {
  const { least, greatest } = RATIO_SCALE;
  if (Number.isNaN(ratio)) return 1;
  const share = Math.log10(Math.max(ratio, least) / least) / Math.log10(greatest / least);
  return Math.min(1, Math.max(0, share));
}
