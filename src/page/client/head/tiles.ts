import { ratioHealth } from '../../../parameters/index.js';
import type { Mark } from '../../history/marks.js';
import type { RunHistory } from '../../history/run-history.js';
import { el, setAttribute, setText } from '../parts/dom.js';
import { NO_BREAK_SPACE, percent, plural, readable, whole } from '../parts/format.js';
import { TURN, type Work } from '../parts/slices.js';
import type { View } from '../state/view.js';
import { largestPart, ObservingParts } from './observing-parts.js';

interface TileText {
  readonly value: string;
  readonly note: string;
  readonly tone?: string;
}

/** The latest numbers of the run in focus. */
export class Tiles {
  readonly root = el('dl', { class: 'tiles' });
  readonly #tiles = [
    new Tile('Loss', loss),
    new Tile('Learning rate', learningRate),
    new Tile('Median update ratio', medianRatio),
    new Tile('Speed', speed),
    new Tile('Observing', observing, new ObservingParts()),
    new Tile('Alerts', alerts),
  ];

  constructor(private readonly view: View) {
    this.root.append(...this.#tiles.map(({ root }) => root));
  }

  *update(): Work {
    const run = this.view.focus;
    setAttribute(this.root, 'hidden', !run || run.state.value.step === 0);
    if (!run) return;
    for (const tile of this.#tiles) {
      const isNew = tile.update(run);
      // In someone else's page all that come in one frame are too much of it.
      yield isNew && this.view.place.embedded ? TURN : undefined;
    }
  }
}

class Tile {
  readonly root: HTMLElement;
  readonly #value = el('span', { class: 'tile-value' });
  readonly #note = el('span', { class: 'tile-note' });

  constructor(
    title: string,
    private readonly read: (run: RunHistory) => TileText | undefined,
    private readonly more?: { readonly root: HTMLElement; update(run: RunHistory): void },
  ) {
    const text = el('dd', {}, this.#value, this.#note, more?.root);
    this.root = el('div', { class: 'tile', hidden: true }, el('dt', {}, title), text);
  }

  /** Whether it comes now. */
  update(run: RunHistory): boolean {
    const text = this.read(run);
    const comes = this.root.hidden === true;
    setAttribute(this.root, 'hidden', !text);
    if (!text) return false;
    setText(this.#value, text.value);
    setText(this.#note, text.note);
    setAttribute(this.root, 'data-tone', text.tone ?? '');
    this.more?.update(run);
    return comes;
  }
}

/** The latest value of a series; NaN when its last bucket has none that is finite. */
function latest(run: RunHistory, name: string): number | undefined {
  const bucket = run.series.get(name)?.buckets.at(-1);
  return bucket && (bucket.count > 0 ? bucket.mean : Number.NaN);
}

function loss(run: RunHistory): TileText | undefined {
  const series = run.series.get('loss');
  const value = latest(run, 'loss');
  if (!series || value === undefined) return { value: '–', note: 'the loop does not show it' };
  const finite = series.buckets.filter(({ count }) => count > 0);
  if (finite.length === 0) return { value: readable(value), note: 'at every step', tone: 'bad' };
  const least = finite.reduce((best, bucket) => (bucket.min < best.min ? bucket : best));
  return {
    value: readable(value),
    note: `least ${readable(least.min)} near step ${whole(least.start)}`,
    ...(Number.isNaN(value) && { tone: 'bad' }),
  };
}

function learningRate(run: RunHistory): TileText | undefined {
  const value = latest(run, 'learningRate');
  if (value === undefined || Number.isNaN(value)) return undefined;
  const greatest = Math.max(...run.series.get('learningRate')!.buckets.map(({ max }) => max));
  return { value: readable(value), note: greatest > value ? `at most ${readable(greatest)}` : 'at its greatest' };
}

function medianRatio(run: RunHistory): TileText | undefined {
  const value = latest(run, 'medianRatio');
  if (value === undefined) return undefined;
  const health = ratioHealth(value);
  return { value: readable(value), note: health, tone: health };
}

function speed(run: RunHistory): TileText | undefined {
  const steps = latest(run, 'stepsPerSecond');
  if (steps === undefined || Number.isNaN(steps)) return undefined;
  const examples = latest(run, 'examplesPerSecond');
  return {
    value: `${readable(steps)}${NO_BREAK_SPACE}steps/s`,
    note: examples === undefined ? '' : `${readable(examples)}${NO_BREAK_SPACE}examples/s`,
  };
}

function observing(run: RunHistory): TileText | undefined {
  const share = latest(run, 'observingShare');
  if (share === undefined || Number.isNaN(share)) return undefined;
  const largest = largestPart(run.observing.value);
  return { value: percent(share), note: `of the steps’ time${largest ? `; most: ${largest}` : ''}` };
}

function alerts(run: RunHistory): TileText {
  const all = run.marks.all.filter(({ kind }) => kind === 'alert');
  const open = new Set<string>();
  for (const mark of all) {
    if (mark.phase === 'end') open.delete(keyOf(mark));
    else open.add(keyOf(mark));
  }
  const begun = all.filter(({ phase }) => phase !== 'end').length;
  const controls = run.marks.all.filter(({ kind }) => kind === 'control').length;
  return {
    value: open.size > 0 ? `${open.size} open` : 'none open',
    note: `${begun} in all, ${plural(controls, 'command')}`,
    tone: open.size > 0 ? 'fast' : 'healthy',
  };
}

function keyOf({ source, parameter }: Mark): string {
  return `${source}\n${parameter ?? ''}`;
}
