import { duration } from '../../../events/index.js';
import type { RunHistory } from '../../history/run-history.js';
import { el, setAttribute, setStyle, setText, svg } from '../parts/dom.js';
import { readable, whole } from '../parts/format.js';
import { LiveText } from '../parts/live-text.js';
import type { Place } from '../state/place.js';
import { stateOf, statusOf } from '../state/run-state.js';
import { themeToggle } from '../state/theme.js';
import type { View } from '../state/view.js';

/** On a page of a server of many runs, it leads to all of them. */
export function brand({ home }: Pick<Place, 'home'>): HTMLElement {
  const inside = [logo(), el('span', {}, home ? 'All runs' : 'trainscope')];
  return home
    ? el('a', { class: 'brand', href: home, title: 'All runs' }, ...inside)
    : el('span', { class: 'brand' }, ...inside);
}

/** The name of the run, where it stands, and the theme. */
export class Header {
  readonly root: HTMLElement;
  readonly #title: HTMLElement;
  readonly #stateText = el('span', { class: 'state-text' });
  readonly #stateNote = el('span', {});
  readonly #state = el('span', { class: 'state', role: 'status' }, this.#stateText, this.#stateNote);
  readonly #progress = new LiveText('progress-text');
  readonly #bar = el('div', { class: 'progress', 'aria-hidden': 'true' }, el('i'));
  readonly #reset = el('button', { type: 'button', class: 'tool reset' }, 'Show all steps');

  constructor(
    private readonly view: View,
    tools: readonly HTMLElement[],
    /** Under the name: what is chosen for all charts. */
    chartBar: HTMLElement,
  ) {
    this.#title = el(view.place.embedded ? 'h2' : 'h1', { class: 'title' }, 'trainscope');
    this.#reset.addEventListener('click', () => this.view.zoom(undefined));
    this.root = el(
      'header',
      { class: 'top' },
      el(
        'div',
        { class: 'top-row' },
        brand(view.place),
        this.#title,
        this.#state,
        el('span', { class: 'space' }),
        this.#reset,
        this.#progress.root,
        el('span', { class: 'icons' }, themeToggle(view.theme), ...tools),
      ),
      chartBar,
      this.#bar,
    );
  }

  update(): void {
    const { focus, connection, histories, choices } = this.view;
    const count = histories.runs.size;
    const title = count > 1 ? `${count} runs` : (focus?.name ?? 'Waiting for a run');
    setText(this.#title, title);
    const { state, text, note = '' } = stateOf(this.view);
    const failed = state === 'failed' ? 'failed · ' : '';
    if (!this.view.place.embedded) document.title = focus ? `${failed}${title} · trainscope` : 'trainscope';
    setAttribute(this.#state, 'data-state', state);
    setAttribute(this.#state, 'title', `${text}${note}`);
    setText(this.#stateText, text);
    setText(this.#stateNote, note);
    setAttribute(this.#bar, 'data-state', focus ? statusOf(focus) : '');
    setAttribute(this.#reset, 'hidden', choices.range === undefined);
    const progress = focus && progressText(focus, connection === 'report');
    this.#progress.show(focus && count > 1 ? `${focus.name}: ${progress}` : (progress ?? ''));
    const { step = 0, maxSteps } = focus?.state.value ?? {};
    setAttribute(this.#bar, 'hidden', !maxSteps);
    setStyle(this.#bar, { '--done': String(maxSteps ? Math.min(1, step / maxSteps) : 0) });
  }
}

/** How far a run has come, and how long it still takes by the time that its steps took: pauses are none of theirs. */
export function progressText(run: RunHistory, report: boolean): string {
  const { step, epoch, maxSteps, numEpochs, beganAt, time } = run.state.value;
  const elapsed = (time - beganAt) / 1000;
  const trained = run.clock.elapsedAt(step) / 1000;
  const steps = step - run.clock.stepAtElapsed(0);
  const parts = [
    `step ${whole(step)}${maxSteps ? ` of ${whole(maxSteps)}` : ''}`,
    epoch > 0 && `epoch ${readable(epoch)}${numEpochs ? ` of ${whole(numEpochs)}` : ''}`,
    elapsed > 0 && duration(elapsed),
    statusOf(run) === 'running' && !report && maxSteps && steps > 0 && step < maxSteps
      ? `about ${duration((trained / steps) * (maxSteps - step))} left`
      : undefined,
  ];
  return parts.filter(Boolean).join(' · ');
}

export function logo(): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', width: 22, height: 22, 'aria-hidden': 'true', class: 'logo' },
    svg('rect', { width: 16, height: 16, rx: 4 }),
    svg('path', { d: 'M3 11l3-4 3 2 4-5' }),
  );
}
