import type { DetailRequest } from '../../history/detail-request.js';
import type { Histories } from '../../history/histories.js';
import type { RunHistory, ShownHistory, ShownSeries } from '../../history/run-history.js';
import type { StepRange } from '../../history/step-buckets.js';
import type { Choices } from './choices.js';
import type { DetailSource, RunNames } from './detail-source.js';

/** A range that moves is asked for when it has come to rest. */
const REST_MS = 120;
/** Beside the range, as a part of it: who moves it a little asks for nothing. */
const MARGIN = 1 / 4;
/** What is so many times as many steps as are seen is asked for more closely. */
const CLOSER = 3;
/** Of runs that go on within the range, and after a failure, it is asked anew so often at most. */
const AGAIN_MS = 2000;

/** What is looked at: a view. */
export interface LookedAt {
  readonly histories: Histories;
  readonly choices: Pick<Choices, 'range'>;
  /** Those that are shown. */
  readonly runs: readonly RunHistory[];
  readonly focus: RunHistory | undefined;
  readonly signal: AbortSignal;
  onChange(listener: () => void): void;
  /** There is more to be drawn. */
  grown(): void;
}

interface Detail {
  readonly request: DetailRequest;
  readonly histories: Histories;
}

/**
 * What is known closer of the steps that are zoomed into. What was there before is shown until it has come; a request that
 * no longer serves, as the range has moved, is given up.
 */
export class Details {
  /** Undefined where the page has all that there is. */
  source: DetailSource | undefined;
  #detail: Detail | undefined;
  /** On its way, or failed. */
  #asked: DetailRequest | undefined;
  #askAgainAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #underway = new AbortController();

  constructor(private readonly view: LookedAt) {
    view.onChange(() => this.#look());
    view.signal.addEventListener('abort', () => this.#giveUp());
  }

  /** The history of parameters and layers of a run by their names, in any size of model; over the steps that are seen. */
  async named(run: RunHistory, names: readonly string[], signal: AbortSignal): Promise<RunHistory | undefined> {
    const [from, to] = this.view.choices.range ?? [0, run.state.value.step];
    const histories = await this.source?.ask({ from, to, series: [], tables: [run.name], names }, signal);
    return histories?.runs.get(run.name);
  }

  /** All parameters and layers of a run; undefined where nobody knows of more than its history has. */
  async names(run: RunHistory, signal: AbortSignal): Promise<RunNames | undefined> {
    return this.source?.names(run.name, signal);
  }

  #look(): void {
    const { histories, choices, focus, runs } = this.view;
    for (const run of histories.runs.values()) run.closer = this.#closerOf(run);
    const { range } = choices;
    if (!range || !this.source || runs.every((run) => isWhole(run, run === focus))) {
      this.#giveUp();
      if (!range) this.#detail = undefined;
      return;
    }
    const wanted = wantedOf(range, runs, focus);
    if (this.#asked ? serves(this.#asked, wanted) : this.#detail && this.#detailServes(this.#detail, wanted)) {
      if (performance.now() < this.#askAgainAt) return;
    }
    this.#giveUp();
    const request = withMargin(wanted);
    this.#asked = request;
    this.#timer = setTimeout(() => void this.#ask(request), REST_MS);
  }

  #giveUp(): void {
    clearTimeout(this.#timer);
    this.#underway.abort();
    this.#asked = undefined;
    this.#askAgainAt = Infinity;
  }

  async #ask(request: DetailRequest): Promise<void> {
    this.#underway = new AbortController();
    const { signal } = this.#underway;
    try {
      const histories = await this.source!.ask(request, signal);
      if (signal.aborted) return;
      this.#detail = { request, histories };
      this.#asked = undefined;
      this.#askAgainAt = this.#goesOn(request) ? performance.now() + AGAIN_MS : Infinity;
      this.view.grown();
    } catch {
      // What is there stays, and a change of the view asks again.
      if (!signal.aborted) this.#askAgainAt = performance.now() + AGAIN_MS;
    }
  }

  /** Whether some run may have more steps within the range than it had when it was asked. */
  #goesOn({ to }: DetailRequest): boolean {
    return this.view.runs.some(({ state }) => state.value.phase !== 'finished' && state.value.step < to);
  }

  #detailServes({ request, histories }: Detail, wanted: DetailRequest): boolean {
    if (serves(request, wanted)) return true;
    return holds(request, wanted) && [...histories.runs.values()].every((run) => isWhole(run, true));
  }

  #closerOf(run: RunHistory): ShownHistory | undefined {
    const { range } = this.view.choices;
    const finer = this.#detail?.histories.runs.get(run.name);
    if (!this.#detail || !range || !finer) return undefined;
    const { request } = this.#detail;
    const known = { from: request.from, to: Math.min(request.to, finer.state.value.step) };
    if (known.from > range[1] || known.to < range[0]) return undefined;
    const hasTables = finer.rows.value.parameters.length > 0 && holds(request, { from: range[0], to: range[1] });
    const { parameters, layers } = hasTables ? finer : run;
    const hasSeries = request.series.includes(run.name);
    const series = { get: (name: string) => joined(name, run, finer, known) };
    return { series: hasSeries ? series : run.series, parameters, layers };
  }
}

function wantedOf(
  [from, to]: readonly [number, number],
  runs: readonly RunHistory[],
  focus: RunHistory | undefined,
): DetailRequest {
  return { from, to, series: runs.map(({ name }) => name), tables: focus ? [focus.name] : [], names: [] };
}

function withMargin(request: DetailRequest): DetailRequest {
  const margin = Math.ceil(MARGIN * (request.to - request.from));
  return { ...request, from: Math.max(0, request.from - margin), to: request.to + margin };
}

/** Whether what is asked for is about what is wanted, and no less. */
function serves(request: DetailRequest, wanted: DetailRequest): boolean {
  return holds(request, wanted) && request.to - request.from <= CLOSER * (wanted.to - wanted.from);
}

function holds(outer: StepRange & Partial<DetailRequest>, inner: StepRange & Partial<DetailRequest>): boolean {
  return (
    outer.from <= inner.from &&
    outer.to >= inner.to &&
    (inner.series ?? []).every((name) => outer.series?.includes(name)) &&
    (inner.tables ?? []).every((name) => outer.tables?.includes(name))
  );
}

/** Whether a history has each step by itself. */
function isWhole({ series, parameters }: RunHistory, tables: boolean): boolean {
  return (!tables || parameters.width === 1) && [...series.values()].every(({ width }) => width === 1);
}

/** A series closer where it is known so, and around it as it is known otherwise. */
function joined(name: string, run: RunHistory, finer: RunHistory, { from, to }: StepRange): ShownSeries | undefined {
  const outline = run.series.get(name);
  const detail = finer.series.get(name);
  if (!outline) return detail;
  const before = outline.buckets.filter(({ start }) => start + outline.width <= from);
  const after = outline.buckets.filter(({ start }) => start > to);
  return {
    width: detail?.width ?? outline.width,
    buckets: [...before, ...(detail?.buckets ?? []), ...after],
  };
}
