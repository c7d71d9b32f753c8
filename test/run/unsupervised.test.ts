import { config, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Observation, observe, type SinkErrorEvent } from '../../src/index.js';
import { LATE_STREAMS } from '../helpers/ways-to-fail.js';

type Stream = Observable<unknown>;

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

  async function failing(way: (typeof LATE_STREAMS)[number][1], use: (run: Observation, stream$: Stream) => void) {
    const told: SinkErrorEvent[] = [];
    const run = observe({ w: [1] }, { onSinkError: (event) => told.push(event) });
    way(run.events$, (stream$) => use(run, stream$));
    run.step({}, () => {});
    await new Promise((resolve) => setTimeout(resolve, 10));
    await run.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return told.map(({ message }) => message);
  }

  it.each(LATE_STREAMS)("%s: alone, it is rxjs's to report", async (_way, way) => {
    const { cause, boom } = fuse();
    expect(await failing(way, (_run, stream$) => stream$.subscribe(boom))).toEqual([]);
    await expect.poll(() => unhandled.has(cause)).toBe(true);
  });

  it.each(LATE_STREAMS)('%s: given to supervise, it is one sink-error', async (_way, way) => {
    const { cause, boom } = fuse();
    const told = await failing(way, (run, stream$) => run.supervise(stream$).subscribe(boom));
    expect(told).toEqual([expect.stringContaining('boom')]);
    expect(unhandled.has(cause)).toBe(false);
  });

  it.each(LATE_STREAMS)('%s: given to attach, it is one sink-error', async (_way, way) => {
    const { cause, boom } = fuse();
    const told = await failing(way, (run, stream$) => run.attach(stream$, boom));
    expect(told).toEqual([expect.stringContaining('boom')]);
    expect(unhandled.has(cause)).toBe(false);
  });
});
