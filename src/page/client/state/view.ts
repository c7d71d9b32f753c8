import type { Histories } from '../../history/histories.js';
import { newestOf } from '../../history/newest-of.js';
import type { RunHistory } from '../../history/run-history.js';
import { Cursor } from '../chart/cursor.js';
import type { Enlargeable } from '../chart/enlargeable.js';
import { Sketch } from '../chart/sketch.js';
import { el, setText } from '../parts/dom.js';
import type { When } from '../parts/drawing.js';
import { Leaving, type Sight, skip, unskip } from '../parts/sight.js';
import { Sizes } from '../parts/sizes.js';
import { type Choices, readChoices, writeChoices } from './choices.js';
import { Details } from './details.js';
import { Named } from './named.js';
import type { Place } from './place.js';
import { Theme } from './theme.js';

/** Where records come from: `ended` is a stream in this page that is over. */
export type Connection = 'connecting' | 'open' | 'lost' | 'report' | 'ended';

let views = 0;

/** A twentieth of the run, at least some steps, with the step in the middle where there are as many around it. */
function aroundStep(step: number, last: number): readonly [number, number] {
  const half = Math.max(10, Math.ceil(last / 40));
  const from = Math.max(0, step - half);
  return [from, Math.max(from + 1, Math.min(last, step + half))];
}

/** What is looked at (which runs, which steps, which parameters), and where. One for each mounted page. */
export class View {
  readonly id = views++;
  readonly theme: Theme;
  /** Parameters that the histories have no row of. */
  readonly named: Named;
  /** Has a screen reader say what the keyboard has just moved to. */
  readonly announcer = el('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  /** What is known closer of the steps that are zoomed into: drawn by way of `run.shown`. */
  readonly details: Details;
  /** When one changes, the page is drawn again. */
  readonly sizes: Sizes;
  /** Where all charts are pointed at. */
  readonly cursor = new Cursor();
  /** What can fill the window. */
  readonly charts = new Set<Enlargeable>();
  /** What is about to be skipped, in someone else's page. */
  readonly leaving = new Leaving();
  /** Never seen: what is drawn in pieces is drawn on it first. */
  readonly sketch = new Sketch();
  connection: Connection = 'connecting';
  /** Counts how often something else was looked at. */
  looks = 0;
  /** What had the focus when the page of a parameter was opened. */
  opener: HTMLElement | undefined;
  #choices: Choices;
  readonly #listeners = new Set<(when: When) => void>();
  readonly #untilDrawn: (() => void)[] = [];
  #awaited = 0;

  constructor(
    public histories: Histories,
    readonly place: Place,
    /** Aborted when the page is taken away: whatever listens or observes ends with it. */
    readonly signal: AbortSignal,
  ) {
    this.theme = new Theme(place, signal);
    this.sizes = new Sizes({
      // Another size is a person's doing, the first one that of a page that opens.
      onChange: ({ ofWidth, isFirst }) => (ofWidth ? this.changed(isFirst ? 'soon' : 'now') : this.grown()),
      isPrinted: () => this.theme.isPrinted,
      signal,
    });
    this.details = new Details(this);
    this.named = new Named(this);
    this.#choices = this.#addressed();
    place.address?.onChange(() => {
      this.#choices = this.#addressed();
      this.changed();
    }, signal);
    this.theme.onChange(() => this.choose({ theme: this.theme.chosen }));
  }

  /** What a person has chosen. */
  get choices(): Choices {
    return this.#choices;
  }

  /** A person has chosen something else: the address says it, and it is drawn. */
  choose(changed: Partial<Choices>): void {
    const before = this.#choices;
    this.#choices = { ...before, ...changed };
    const { parameter } = this.#choices;
    const isNew = parameter !== undefined && parameter !== before.parameter;
    if (isNew && before.parameter === undefined) this.opener = this.#focused;
    this.place.address?.write(writeChoices(this.#choices), isNew);
    this.changed();
  }

  get #focused(): HTMLElement | undefined {
    const { activeElement } = this.place.root.getRootNode() as Document | ShadowRoot;
    return activeElement instanceof HTMLElement ? activeElement : undefined;
  }

  /** Open the page of a parameter or a layer. */
  openParameter(parameter: string): void {
    this.choose({ parameter });
  }

  /** Show the steps around one on every chart, and point it out; and what its parameter did, where it has one. */
  goTo({ step, parameter }: { readonly step: number; readonly parameter?: string }): void {
    const last = Math.max(1, ...this.runs.map((run) => run.state.value.step));
    this.choose({ moment: step, range: aroundStep(step, last), ...(parameter !== undefined && { parameter }) });
  }

  /** What the address says; the theme that was chosen before stays where it says none. */
  #addressed(): Choices {
    const choices = readChoices(this.place.address?.read() ?? '');
    if (choices.theme) this.theme.choose(choices.theme);
    return { ...choices, theme: this.theme.chosen };
  }

  announce(text: string): void {
    setText(this.announcer, text);
  }

  /** Whether an element is on the screen, or close, or on paper: what it shows is drawn. It is drawn when it comes there. */
  watch(element: Element): () => boolean {
    let seen = true;
    this.#observe(element, (isNow) => {
      const before = seen;
      seen = isNow;
      if (seen && !before) this.grown();
    });
    return () => seen || this.theme.isPrinted;
  }

  /**
   * As {@link watch}, of a part of the page. In someone else's page one that is out of sight is skipped: the browser lays out
   * and paints nothing of it.
   */
  watchPart(root: HTMLElement): Sight {
    if (this.place.embedded) return this.#watchSkipped(root);
    const isSeen = this.watch(root);
    return {
      get isSeen() {
        return isSeen();
      },
      *come() {},
    };
  }

  #watchSkipped(root: HTMLElement): Sight {
    const { theme } = this;
    let seen = false;
    skip(root);
    this.#observe(root, (isNow, { height }) => {
      seen = isNow;
      if (seen) this.leaving.stay(root);
      else this.leaving.add(root, height);
      this.#tell('soon');
    });
    return {
      get isSeen() {
        return seen || theme.isPrinted;
      },
      *come() {
        if (seen) yield* unskip(root, () => seen);
      },
    };
  }

  #observe(element: Element, onSeen: (seen: boolean, box: DOMRectReadOnly) => void): void {
    const onEntries = (entries: readonly IntersectionObserverEntry[]) => {
      const { isIntersecting, boundingClientRect } = entries.at(-1)!;
      onSeen(isIntersecting, boundingClientRect);
    };
    const observer = new IntersectionObserver(onEntries, { rootMargin: '200px', scrollMargin: '200px' });
    observer.observe(element);
    this.signal.addEventListener('abort', () => observer.disconnect());
  }

  /** Call back when something within the page was scrolled: a window does not hear of it from a shadow tree. */
  onScroll(listener: () => void): void {
    const options = { capture: true, passive: true, signal: this.signal };
    this.place.root.getRootNode().addEventListener('scroll', listener, options);
  }

  /** The runs that there are, in their order. */
  get allRuns(): readonly RunHistory[] {
    return [...this.histories.runs.values()];
  }

  /** The runs that are shown. */
  get runs(): readonly RunHistory[] {
    return this.allRuns.filter(({ name }) => !this.isHidden(name));
  }

  /** A run's place among all: its colour. */
  placeOf(run: RunHistory): number {
    return [...this.histories.runs.keys()].indexOf(run.name);
  }

  /** The run whose parameters are shown: the chosen one, else of those that go on the one that began last. */
  get focus(): RunHistory | undefined {
    const { focus } = this.#choices;
    const chosen = focus === undefined ? undefined : this.histories.runs.get(focus);
    if (chosen && !this.isHidden(chosen.name)) return chosen;
    return newestOf(this.runs);
  }

  isHidden(run: string): boolean {
    return this.#choices.hidden.includes(run);
  }

  /** Show or hide a run. */
  show(run: string, shown: boolean): void {
    const others = this.#choices.hidden.filter((name) => name !== run);
    this.choose({ hidden: shown ? others : [...others, run] });
  }

  /** The steps that every chart shows. */
  get domain(): readonly [number, number] {
    return this.#choices.range ?? this.whole;
  }

  /** The steps that there are. */
  get whole(): readonly [number, number] {
    const last = Math.max(1, ...this.runs.map((run) => run.state.value.step));
    return [0, last];
  }

  zoom(range: readonly [number, number] | undefined): void {
    this.choose({ range });
  }

  /** Whether something is on its way that will be drawn. */
  get isAwaiting(): boolean {
    return this.#awaited > 0;
  }

  /** Something is on its way: call what this gives when it has come. */
  awaits(): () => void {
    this.#awaited++;
    return () => {
      this.#awaited--;
      this.grown();
    };
  }

  /** Call back when all that there is has been drawn. */
  onceDrawn(listener: () => void): void {
    this.#untilDrawn.push(listener);
  }

  /** All that there is has been drawn. */
  drawn(): void {
    for (const listener of this.#untilDrawn.splice(0)) listener();
  }

  onChange(listener: (when: When) => void): void {
    this.#listeners.add(listener);
  }

  /** Something else is looked at. */
  changed(when: When = 'now'): void {
    this.looks++;
    this.#tell(when);
  }

  /** Records have come, or end. */
  grown(): void {
    this.#tell('later');
  }

  #tell(when: When): void {
    for (const listener of this.#listeners) listener(when);
  }
}
