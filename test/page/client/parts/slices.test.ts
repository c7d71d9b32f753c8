import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Slices, type Work } from '../../../../src/page/client/parts/slices.js';

/** Tasks that were asked for of the page, each of which begins when the test lets it. */
let tasks: (() => void)[] = [];

class ChannelOfTest {
  readonly port1: { onmessage: (() => void) | undefined; close: () => void } = {
    onmessage: undefined,
    close: () => {},
  };
  readonly port2 = { postMessage: () => void tasks.push(() => this.port1.onmessage?.()) };
}

beforeEach(() => {
  tasks = [];
  vi.stubGlobal('document', { hidden: false });
  vi.stubGlobal('MessageChannel', ChannelOfTest);
});
afterEach(() => vi.unstubAllGlobals());

/** Do the next task of the page, to its end. */
async function nextTask(): Promise<void> {
  // The channel is opened in a task of its own.
  if (tasks.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  tasks.shift()?.();
  // All that it has promised.
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

function* noting(name: string, pieces: number, done: string[]): Work {
  for (let i = 0; i < pieces; i++) {
    done.push(name);
    yield;
  }
}

it('begins another work in a task of its own', async () => {
  const slices = new Slices(Infinity, new AbortController().signal);
  const done: string[] = [];
  const works = ['a', 'b', 'c'].map((name) => slices.run(noting(name, 2, done)));
  await nextTask();
  expect(done).toEqual(['a', 'a']);
  await nextTask();
  expect(done).toEqual(['a', 'a', 'b', 'b']);
  await nextTask();
  expect(done).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  await nextTask();
  await Promise.all(works);
});

it('goes on with others when a work fails, which says why', async () => {
  const slices = new Slices(Infinity, new AbortController().signal);
  const done: string[] = [];
  const failing = slices.run(
    (function* (): Work {
      yield;
      throw new Error('no canvas');
    })(),
  );
  const other = slices.run(noting('b', 1, done));
  await expect(failing).rejects.toThrow('no canvas');
  await nextTask();
  await other;
  expect(done).toEqual(['b']);
});

it('does nothing more once the page has gone', async () => {
  const life = new AbortController();
  const slices = new Slices(Infinity, life.signal);
  const done: string[] = [];
  const works = [slices.run(noting('a', 1, done)), slices.run(noting('b', 1, done))];
  await nextTask();
  life.abort();
  await Promise.all(works);
  expect(done).toEqual(['a']);
});
