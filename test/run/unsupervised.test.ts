import {
  asyncScheduler,
  combineLatest,
  config,
  defer,
  delay,
  from,
  groupBy,
  merge,
  Observable,
  observeOn,
  of,
  Subject,
  timer,
  windowCount,
  zip,
} from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Observation, observe, type SinkErrorEvent, type TrainingEvent } from '../../src/index.js';

type Stream = Observable<unknown>;

const later = delay<TrainingEvent>(1);

/**
 * Streams that do not come of `events$` by `pipe` alone, and give something when the delivery of an event is over: what
 * docs/operators.md says is not caught unless it is given to `attach` or `supervise`.
 */
const WAYS: readonly (readonly [
  string,
  (events$: Observable<TrainingEvent>, use: (stream$: Stream) => void) => void,
])[] = [
  ['new Observable', (events$, use) => use(new Observable((s) => events$.pipe(later).subscribe(s)))],
  ['defer', (events$, use) => use(defer(() => events$.pipe(later)))],
  ['merge', (events$, use) => use(merge(events$.pipe(later), of(1).pipe(observeOn(asyncScheduler))))],
  ['combineLatest', (events$, use) => use(combineLatest([events$.pipe(later), of(1)]))],
  ['zip', (events$, use) => use(zip(events$.pipe(later), of(1)))],
  ['from a promise', (events$, use) => use(from(new Promise((done) => events$.subscribe(done))))],
  ['timer', (_events$, use) => use(timer(1))],
  [
    'a Subject between',
    (events$, use) => {
      const subject = new Subject<TrainingEvent>();
      use(subject);
      events$.pipe(later).subscribe(subject);
    },
  ],
  ['a group', (events$, use) => events$.pipe(groupBy(({ run }) => run)).subscribe((group$) => use(group$.pipe(later)))],
  ['a window', (events$, use) => events$.pipe(windowCount(99)).subscribe((window$) => use(window$.pipe(later)))],
];

/** Fails with an error of its own: that of one test may be reported during the next. */
function fuse(): { readonly cause: Error; readonly boom: () => void } {
  const cause = new Error('boom');
  return {
    cause,
    boom() {
      throw cause;
    },
  };
}

describe('what fails later in a stream that is not piped from events$', () => {
  const unhandled = new Set<unknown>();
  beforeEach(() => {
    config.onUnhandledError = (cause) => unhandled.add(cause);
  });
  afterEach(() => {
    config.onUnhandledError = null;
  });

  async function failing(way: (typeof WAYS)[number][1], use: (run: Observation, stream$: Stream) => void) {
    const told: SinkErrorEvent[] = [];
    const run = observe({ w: [1] }, { onSinkError: (event) => told.push(event) });
    way(run.events$, (stream$) => use(run, stream$));
    run.step({}, () => {});
    await new Promise((resolve) => setTimeout(resolve, 10));
    await run.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return told.map(({ message }) => message);
  }

  it.each(WAYS)("%s: alone, it is rxjs's to report", async (_way, way) => {
    const { cause, boom } = fuse();
    expect(await failing(way, (_run, stream$) => stream$.subscribe(boom))).toEqual([]);
    await expect.poll(() => unhandled.has(cause)).toBe(true);
  });

  it.each(WAYS)('%s: given to supervise, it is one sink-error', async (_way, way) => {
    const { cause, boom } = fuse();
    const told = await failing(way, (run, stream$) => run.supervise(stream$).subscribe(boom));
    expect(told).toEqual([expect.stringContaining('boom')]);
    expect(unhandled.has(cause)).toBe(false);
  });

  it.each(WAYS)('%s: given to attach, it is one sink-error', async (_way, way) => {
    const { cause, boom } = fuse();
    const told = await failing(way, (run, stream$) => run.attach(stream$, boom));
    expect(told).toEqual([expect.stringContaining('boom')]);
    expect(unhandled.has(cause)).toBe(false);
  });
});
