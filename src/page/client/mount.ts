import { Enlarged } from './curves/enlarged.js';
import { Header } from './head/header.js';
import { RunBar } from './head/run-bar.js';
import { Welcome } from './head/welcome.js';
import type { PageEnd } from './page-end.js';
import { el, setAttribute } from './parts/dom.js';
import { Drawing } from './parts/drawing.js';
import { LazyPart } from './parts/lazy-part.js';
import { Slices, TURN, type Work } from './parts/slices.js';
import type { View } from './state/view.js';

export interface MountOptions extends PageEnd {
  /** The longest that drawing holds the main thread, about. Default: as long as it takes. */
  readonly slices?: Slices;
  /** Milliseconds between two drawings of new records, at least. Default: 0, a frame. */
  readonly intervalMs?: number;
  /** Buttons beside the others at the top. */
  readonly tools?: readonly HTMLElement[];
  /** Told of what drawing failed with; nothing is drawn afterwards. */
  readonly onError?: (cause: unknown) => void;
}

/** Put the page together in its place, and draw it again whenever the view changes, until its signal takes it away. */
export function mountPage(view: View, options: MountOptions = {}): void {
  const { slices = new Slices(Infinity, view.signal), intervalMs = 0, tools = [], onError = reportError } = options;
  const { place, signal } = view;
  const chartBar = new LazyPart(view, {
    isNeeded: () => (view.focus?.state.value.step ?? 0) > 0,
    load: async () => new (await import('./body.js')).ChartBar(view),
  });
  const parts = [new Header(view, tools, chartBar.root), new RunBar(view), new Welcome(view)] as const;
  const [header, runBar, welcome] = parts;
  const body = new LazyPart(view, {
    isNeeded: () => view.histories.runs.size > 0,
    load: async () => (await import('./body.js')).Body.make(view, options),
  });
  const main = el(place.embedded ? 'div' : 'main', { class: 'main' }, welcome.root, body.root);
  const hint =
    'Drag over a chart to zoom into steps, double-click to see all. With the keyboard: arrows read values, + and − zoom, ' +
    'Shift with arrows moves, 0 shows all. Ctrl or Shift with the wheel zooms.';
  const page = [header.root, runBar.root, main, el('footer', {}, hint), view.announcer];
  place.root.classList.add('app');
  const coming = place.embedded ? [page.slice(0, 1), page.slice(1)] : [];
  if (!place.embedded) place.root.append(...page);
  const enlarged = new Enlarged(view, [chartBar.root, view.announcer]);

  /** In someone else's page the head has a frame of its own: together they are too much of one. */
  function* come(): Work {
    for (let some = coming.shift(); some; some = coming.shift()) {
      place.root.append(...some);
      yield TURN;
    }
  }

  function* draw(): Work {
    yield* come();
    for (const part of parts) {
      part.update();
      yield;
    }
    if (place.embedded) yield TURN;
    yield* view.leaving.leave();
    yield* chartBar.update();
    yield* body.update();
    enlarged.update();
  }

  const onBusy = (busy: boolean) => {
    if (!busy && !view.isAwaiting) view.drawn();
    setAttribute(main, 'aria-busy', String(busy || view.isAwaiting));
  };
  const drawing = new Drawing(place.root, { draw, slices, intervalMs, onBusy, onError, signal });
  view.onChange((when) => drawing.ask(when));
  view.theme.onChange(() => drawing.ask('now'));
  const onPrint = ({ matches }: MediaQueryListEvent) => {
    // A print takes what is there, and waits for no frame.
    if (matches) for (const _ of draw());
    else drawing.ask('now');
  };
  matchMedia('print').addEventListener('change', onPrint, { signal });
  signal.addEventListener('abort', () => {
    for (const part of page) part.remove();
  });
  drawing.ask('soon');
}
