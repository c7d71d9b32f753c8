import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DetailSource } from '../../../../src/page/client/state/detail-source.js';
import { Details } from '../../../../src/page/client/state/details.js';
import { Named } from '../../../../src/page/client/state/named.js';
import {
  type DetailRequest,
  readDetailRequest,
  writeDetailRequest,
} from '../../../../src/page/history/detail-request.js';
import { Histories } from '../../../../src/page/history/histories.js';
import type { RunHistory } from '../../../../src/page/history/run-history.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const ROWS = { sizes: [], layers: [], parameterCount: 0, elementCount: 0, hidden: 0 };
const ALL = Array.from({ length: 200 }, (_, i) => `layer.${i}.weight`);

/** A source that has these parameters, and fails as often as it is told to. */
class Script implements DetailSource {
  readonly requests: DetailRequest[] = [];
  namesAsked = 0;
  failures = 0;

  constructor(private readonly has: readonly string[]) {}

  async ask(request: DetailRequest): Promise<Histories> {
    // As the server reads it, which refuses too many names.
    const { names } = readDetailRequest(new URLSearchParams(writeDetailRequest(request)));
    this.requests.push(request);
    this.#failOrNot();
    const histories = new Histories();
    const parameters = names.filter((name) => this.has.includes(name));
    histories.of('large').rows.set({ ...ROWS, parameters, byLayer: false }, 1);
    return histories;
  }

  async names() {
    this.namesAsked++;
    this.#failOrNot();
    return { parameters: this.has, layers: [] };
  }

  #failOrNot(): void {
    if (this.failures-- > 0) throw new Error('not now');
  }
}

/** A page that looks at these names, and draws again whenever there is more. */
function pageOf(source: DetailSource | undefined, { draws = true } = {}) {
  const life = new AbortController();
  const histories = new Histories();
  const run = histories.of('large');
  run.rows.set({ ...ROWS, parameters: ['layer.0', 'layer.1'], byLayer: true }, 1);
  stand(run, 10, 'finished');
  const page = {
    histories,
    choices: { range: undefined as readonly [number, number] | undefined },
    runs: [run],
    focus: run,
    signal: life.signal,
    onChange() {},
    drawings: 0,
    looksAt: [] as readonly string[],
    grown() {
      if (draws) page.draw();
    },
    draw() {
      page.drawings++;
      for (const name of page.looksAt) named.find(run, name);
    },
  };
  const details = new Details(page);
  details.source = source;
  const view = Object.assign(page, { details });
  const named = new Named(view);
  return { page, named, run, life };
}

function stand(run: RunHistory, step: number, phase: 'running' | 'finished'): void {
  run.state.set({ phase, step, epoch: 0, beganAt: 0, time: 0 }, 1);
}

const LONG_MS = 60_000;

describe('parameters that a page has no row of', () => {
  it('are all got, however many are looked at, and then asked for no more', async () => {
    const source = new Script(ALL);
    const { page, named, run } = pageOf(source);
    page.looksAt = ALL;
    page.draw();
    expect(named.absenceOf(run, ALL[0]!)).toBe('coming');
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(ALL.filter((name) => !named.find(run, name))).toEqual([]);
    expect(source.requests.flatMap(({ names }) => names).sort()).toEqual([...ALL].sort());
    expect(named.find(run, 'layer.1')).toEqual({ history: run, row: 1 });
    const { history, row } = named.find(run, ALL[150]!)!;
    expect(history.rows.value.parameters[row]).toBe(ALL[150]);
  });

  it('are asked for once, however often it is drawn meanwhile', async () => {
    const source = new Script(ALL);
    const { page } = pageOf(source);
    page.looksAt = ALL.slice(0, 3);
    for (let i = 0; i < 100; i++) {
      page.draw();
      await vi.advanceTimersByTimeAsync(16);
    }
    expect(source.requests.map(({ names }) => names)).toEqual([ALL.slice(0, 3)]);
  });

  it('are asked for again after a failure, not at each drawing, and with nobody drawing', async () => {
    const source = new Script(ALL);
    source.failures = 2;
    const { page, named, run } = pageOf(source);
    page.looksAt = [ALL[7]!];
    page.draw();
    await vi.advanceTimersByTimeAsync(1000);
    expect(named.absenceOf(run, ALL[7]!)).toBe('failed');
    for (let i = 0; i < 20; i++) page.draw();
    await vi.advanceTimersByTimeAsync(200);
    expect(source.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(source.requests).toHaveLength(3);
    expect(named.find(run, ALL[7]!)).toBeDefined();
  });

  it('are asked for again where a timer comes a moment too early, and the time passes while that is looked at', async () => {
    const source = new Script(ALL);
    source.failures = 1;
    const { page, named, run } = pageOf(source);
    page.looksAt = [ALL[7]!];
    page.draw();
    await vi.advanceTimersByTimeAsync(1000);
    expect(named.absenceOf(run, ALL[7]!)).toBe('failed');
    const now = performance.now.bind(performance);
    const behind = [0.5];
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() - (behind.shift() ?? 0));
    await vi.advanceTimersByTimeAsync(LONG_MS);
    clock.mockRestore();
    expect(source.requests).toHaveLength(2);
    expect(named.find(run, ALL[7]!)).toBeDefined();
  });

  it('that nobody has are asked for once', async () => {
    const source = new Script(ALL);
    const { page, named, run } = pageOf(source);
    page.looksAt = ['nobody.has'];
    page.draw();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(source.requests).toHaveLength(1);
    expect(named.absenceOf(run, 'nobody.has')).toBe('nowhere');
    const without = pageOf(undefined);
    expect(without.named.absenceOf(without.run, ALL[0]!)).toBe('nowhere');
    expect(without.named.namesAbsence(without.run)).toBe('nowhere');
  });

  it('are asked for of a run that is not in focus; of the one that is, its rows come by themselves', async () => {
    const source = new Script(ALL);
    const { page, named, run } = pageOf(source);
    run.rows.set({ ...ROWS, parameters: [], byLayer: false }, 2);
    expect(named.absenceOf(run, ALL[0]!)).toBe('nowhere');
    page.focus = page.histories.of('another');
    expect(named.absenceOf(run, ALL[0]!)).toBe('coming');
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(source.requests).toMatchObject([{ tables: ['large'], names: [ALL[0]] }]);
    expect(named.find(run, ALL[0]!)?.history.rows.value.parameters).toEqual([ALL[0]]);
  });

  it('of a run that goes on are asked for anew, not too often, and at its end as a whole', async () => {
    const source = new Script(ALL);
    const { page, run } = pageOf(source);
    page.looksAt = [ALL[0]!];
    for (let step = 11; step <= 610; step++) {
      stand(run, step, 'running');
      page.draw();
      await vi.advanceTimersByTimeAsync(16);
    }
    expect(source.requests.length).toBeGreaterThan(3);
    expect(source.requests.length).toBeLessThan(7);
    stand(run, 611, 'finished');
    page.draw();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    const { length } = source.requests;
    expect(source.requests.at(-1)).toMatchObject({ from: 0, to: 611 });
    page.draw();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(source.requests).toHaveLength(length);
  });

  it('are asked for anew where other steps are zoomed into, and what is there stays until then', async () => {
    const source = new Script(ALL);
    const { page, named, run } = pageOf(source);
    page.looksAt = [ALL[0]!];
    page.draw();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    const before = named.find(run, ALL[0]!)!;
    page.choices.range = [2, 5];
    page.draw();
    expect(named.find(run, ALL[0]!)).toEqual(before);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(source.requests.map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [2, 5],
    ]);
    expect(named.find(run, ALL[0]!)!.history).not.toBe(before.history);
  });

  it('have their names asked for once; after a failure again', async () => {
    const source = new Script(ALL);
    source.failures = 1;
    const { named, run, page } = pageOf(source);
    expect(named.namesOf(run)).toEqual(['layer.0', 'layer.1']);
    expect(named.namesAbsence(run)).toBe('coming');
    await vi.advanceTimersByTimeAsync(1000);
    expect(named.namesAbsence(run)).toBe('failed');
    for (let i = 0; i < 20; i++) named.namesOf(run);
    expect(source.namesAsked).toBe(1);
    const { drawings } = page;
    await vi.advanceTimersByTimeAsync(2000);
    expect(page.drawings).toBeGreaterThan(drawings);
    named.namesOf(run);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(named.namesOf(run)).toEqual(ALL);
    expect(named.namesAbsence(run)).toBeUndefined();
    expect(source.namesAsked).toBe(2);
  });

  it.each(['before it is asked', 'after a failure'])('are forgotten with the page, %s', async (when) => {
    const source = new Script(ALL);
    source.failures = 9;
    const { page, named, run, life } = pageOf(source);
    page.looksAt = [ALL[0]!];
    page.draw();
    named.namesOf(run);
    await vi.advanceTimersByTimeAsync(when === 'after a failure' ? 1000 : 0);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    const { requests, namesAsked } = { requests: source.requests.length, namesAsked: source.namesAsked };
    life.abort();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect([source.requests.length, source.namesAsked]).toEqual([requests, namesAsked]);
  });
});
