import {
  checkNotNegative,
  checkOneOf,
  checkOptions,
  checkPositive,
  checkThat,
  duration,
  type Sink,
} from '../../events/index.js';
import { mountPage, Slices, type Usage, View } from '../../page/client/index.js';
import { type AnyRecord, Presences, Recorder, type RunHistory } from '../../page/history/index.js';
import { createSink } from '../create-sink.js';
import { requireRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import { downloadMenu } from './downloads.js';
import { DRAWER_STYLE, Drawer } from './drawer.js';
import { keptDetails } from './kept-details.js';
import { KeptRecords } from './kept-records.js';
import { LargeModels } from './large-models.js';
import { PanelHost, type PanelTheme } from './panel-host.js';
import { Recording } from './recording.js';

/** Options of {@link panelSink}: where it is, how it looks, and how much it keeps. */
export interface PanelSinkOptions {
  /** Where the panel is put, as its last child; as large as the element. Default: a drawer at the right of the window. */
  readonly element?: HTMLElement;
  /** Its colours: those of the page around (`color-scheme`), or one's own choice. Default: `host`. */
  readonly theme?: PanelTheme;
  /** Of a drawer: whether it is open at first. Default: true. */
  readonly open?: boolean;
  /** Of a drawer: the key that opens and closes it, as `KeyboardEvent.key` names it; empty for none. Default: a backtick. */
  readonly shortcut?: string;
  /** Bytes of records that may wait to be shown; what comes on top is left out, counted and said. Default: 16 MiB. */
  readonly maxQueuedBytes?: number;
  /**
   * Bytes of records that are kept to be downloaded as JSON lines and CSV, the first that come; the report is always of the
   * whole runs. 0 for none. Default: 64 MiB, 5,000 steps of 200 parameters.
   */
  readonly maxKeptBytes?: number;
}

/** What the panel has taken of the main thread, and what it could not. */
export interface PanelUsage extends Usage {
  /** Records that were left out, as they came faster than they could be taken. */
  readonly leftOut: number;
}

/** A sink whose panel stays when the runs are over, until it is closed. */
export interface PanelSink extends Sink<AnyRecord> {
  /** It stays: attach any number of runs, one after another too. */
  readonly staysOpen: true;
  /** What it has taken of the main thread so far. */
  readonly usage: PanelUsage;
  /** Open or close the drawer; without an answer, whichever it is not. A panel in an element has none. */
  toggle(open?: boolean): void;
  /** Take the panel away: no element, style, listener or timer of it is left. */
  close(): Promise<void>;
}

/** Milliseconds of the main thread at a stretch. A piece of work may go beyond, so it is less than the 4 that are promised. */
const SLICE_MS = 2;
const DRAW_EVERY_MS = 250;

/**
 * The page of a run, in a page of one's own: loss and metrics, update ratios by layer, norms, histograms, movers, alerts
 * and control. Several runs lie over each other. It stands in an element, or in a drawer where none is given, in a shadow
 * tree: no style comes in or goes out.
 *
 * It takes records and draws in slices of some milliseconds, draws nothing while nobody sees it, and says how much of the
 * page's time it takes. When records come faster, measurements are left out, which is counted and said.
 *
 * It stays when a run is over: `close()` takes it away.
 *
 * @throws TypeError for an option that is wrong; Error where there is no document, as in a worker.
 *
 * @example
 * ```ts not run: a page
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates } from 'trainscope';
 * import { panelSink } from 'trainscope/browser';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const panel = panelSink(document.getElementById('training')!);
 * run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), panel);
 * ```
 */
export function panelSink(where: HTMLElement | PanelSinkOptions = {}): PanelSink {
  const { element, theme, open, shortcut, maxQueuedBytes, maxKeptBytes } = checked(
    isElement(where) ? { element: where } : where,
  );
  checkPage();

  const life = new AbortController();
  const { signal } = life;
  const slices = new Slices(SLICE_MS, signal);
  const large = new LargeModels();
  const recorder = new Recorder(large.more);
  const kept = new KeptRecords(maxKeptBytes);
  const style = element ? { width: '100%', height: '100%' } : DRAWER_STYLE;
  const host = new PanelHost(element ?? document.body, theme, style, signal);
  const drawer = element ? undefined : new Drawer(host, { open, shortcut, signal });
  const view = new View(recorder.histories, host, signal);
  view.connection = 'open';
  view.details.source = keptDetails({ histories: recorder.histories, kept, large, slices });
  const onError = (cause: unknown) => sink.error(cause);
  const onGrown = () => view.grown();
  const presences = new Presences(recorder.histories, onGrown, signal);
  const onHeard = (run: RunHistory, type: string) => presences.heard(run, type);
  const recording = new Recording(recorder, { kept, maxQueuedBytes, slices, onHeard, onGrown, onError, signal });
  const begunAt = performance.now();
  mountPage(view, {
    slices,
    intervalMs: DRAW_EVERY_MS,
    onError,
    tools: [downloadMenu({ histories: recorder.histories, kept, slices, signal }), ...(drawer ? [drawer.closer] : [])],
    note: () => silenceText(presences),
    usage: () => usageText(slices, performance.now() - begunAt),
  });

  const sink = createSink<AnyRecord>(
    'panelSink()',
    wholeRecords(
      {
        take: (record) => recording.take(record),
        flush: () => recording.flush(),
        end: () => recording.flush(),
      },
      (record) => requireRecord(record, 'panelSink()'),
    ),
  );
  return {
    ...sink,
    staysOpen: true,
    get usage() {
      const { busyMs, longestMs } = slices;
      return { busyMs, longestMs, leftOut: recording.leftOut };
    },
    // Another stream may follow: the end of one is not that of the panel.
    complete: () => void sink.flush(),
    toggle: (shown) => drawer?.toggle(shown),
    close() {
      life.abort();
      return sink.close();
    },
  };
}

/** With what is the default where nothing is said. */
function checked(options: PanelSinkOptions) {
  checkOptions('panelSink', options, {
    element: true,
    theme: true,
    open: true,
    shortcut: true,
    maxQueuedBytes: true,
    maxKeptBytes: true,
  });
  const { element, theme = 'host', open = true, shortcut = '`', maxQueuedBytes = 16 << 20 } = options;
  const { maxKeptBytes = 64 << 20 } = options;
  if (element !== undefined) checkThat('element', isElement(element), 'an element of the page', element);
  checkOneOf('theme', theme, ['host', 'light', 'dark']);
  checkThat('open', typeof open === 'boolean', 'true or false', open);
  checkThat('shortcut', typeof shortcut === 'string', 'the name of a key', shortcut);
  checkPositive('maxQueuedBytes', maxQueuedBytes);
  checkNotNegative('maxKeptBytes', maxKeptBytes);
  return { element, theme, open, shortcut, maxQueuedBytes, maxKeptBytes };
}

function checkPage(): void {
  if (typeof document !== 'undefined') return;
  throw new Error(
    'panelSink: expected a page, got no document; in a worker, send the records to the page and attach the panel there',
  );
}

function silenceText({ silent }: Presences): string {
  const runs = silent.map(({ run, ms }) => `${run.name} (for ${duration(ms / 1000)})`);
  return runs.length > 0 ? `Not heard of any more, without having said its end: ${runs.join(', ')}.` : '';
}

function usageText({ busyMs, longestMs }: Usage, elapsedMs: number): string {
  const share = ((100 * busyMs) / elapsedMs).toFixed(1);
  return `This panel has taken ${share} % of the page’s time, ${longestMs.toFixed(1)} ms at most at a stretch.`;
}

/** Also one of another window, as of a frame. */
function isElement(value: unknown): value is HTMLElement {
  return typeof value === 'object' && value !== null && (value as Partial<Node>).nodeType === 1;
}
