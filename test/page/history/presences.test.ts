import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Histories } from '../../../src/page/history/histories.js';
import { Presences } from '../../../src/page/history/presences.js';
import { type AnyRecord, Recorder } from '../../../src/page/history/recorder.js';
import type { RunHistory } from '../../../src/page/history/run-history.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watched() {
  const recorder = new Recorder();
  const life = new AbortController();
  const told: string[] = [];
  const of = (run: RunHistory) => `${run.name} ${run.presence.value}`;
  const all = () => [...recorder.histories.runs.values()].map(of).join(', ');
  const presences = new Presences(recorder.histories, () => told.push(all()), life.signal);
  const take = (run: string, type: string, step = 1) => {
    const more = { loss: 1, learningRate: 1, durationMs: 1, examples: 1, observingMs: 0, phase: 'begin', message: 'm' };
    const record = { ...more, type, run, step, epoch: 0, time: 1, rule: 'r', severity: 'error', firstStep: 1 };
    const history = recorder.take(record as AnyRecord)!;
    presences.heard(history, type);
    return history;
  };
  return { recorder, presences, told, take, life, all };
}

it('a run of which nothing comes for a minute is silent, until something does; what others say of it does not count', () => {
  const { told, take, all } = watched();
  take('a', 'step-end');
  vi.advanceTimersByTime(30_000);
  take('b', 'step-end');
  take('a', 'alert');
  vi.advanceTimersByTime(29_999);
  expect([all(), told]).toEqual(['a heard, b heard', []]);
  vi.advanceTimersByTime(1);
  expect([all(), told]).toEqual(['a silent, b heard', ['a silent, b heard']]);
  take('a', 'alert');
  expect(all()).toBe('a silent, b heard');
  take('a', 'step-end', 2);
  expect(all()).toBe('a heard, b heard');
  vi.advanceTimersByTime(120_000);
  expect(all()).toBe('a silent, b silent');
});

it('a run that has ended is not waited for, and nothing when the page has gone', () => {
  const { told, take, all, life } = watched();
  take('a', 'train-end');
  vi.advanceTimersByTime(600_000);
  expect([all(), told, vi.getTimerCount()]).toEqual(['a heard', [], 0]);
  take('b', 'step-end');
  life.abort();
  vi.advanceTimersByTime(600_000);
  expect([told, vi.getTimerCount()]).toEqual([[], 0]);
});

it('of a file that is read nobody knows, and then as long as it was not written to', () => {
  const { presences, take, all, recorder } = watched();
  const [old, young] = [take('old', 'step-end'), take('young', 'step-end')];
  for (const run of [old, young]) presences.reading(run);
  vi.advanceTimersByTime(90_000);
  take('old', 'step-end', 2);
  expect(all()).toBe('old reading, young reading');
  const { version } = recorder.histories;
  presences.read(old, 70_000);
  presences.read(young, 10_000);
  expect(all()).toBe('old silent, young heard');
  // Others that follow are told.
  const follower = new Histories();
  for (const piece of recorder.histories.piecesSince(version)) follower.apply(piece);
  expect([...follower.runs.values()].map(({ presence }) => presence.value)).toEqual(['silent', 'heard']);
  vi.advanceTimersByTime(50_000);
  expect(all()).toBe('old silent, young silent');
});
