import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { once } from '../../../gauge-frame.js';

/** A page of metrics as text, and compressed where somebody asks for it so. */
export interface Page {
  readonly text: string;
  gzipped(): Promise<Buffer>;
}

/** What a page has taken. */
export interface Made {
  readonly text: string;
  /** Of the loop's thread. */
  readonly loopMs: number;
  /** Of this thread, which has a processor for itself only where the loop leaves one. */
  readonly threadMs: number;
}

/** Pages begin no closer to each other than this. */
const LEAST_MS = 250;
/** Pages take at most a part in so many of the loop's time, ... */
const LOOP_SHARE = 20;
/** ... and of this thread's, ... */
const THREAD_SHARE = 4;
/** ... but nobody waits longer than this for a page to begin. */
const MOST_MS = 2_000;

/**
 * One page for all who ask within a moment, begun after each of them has asked: so that it shows what was so far, and
 * many who ask do not take the loop's time. Who asks after a quiet moment does not wait.
 */
export function sharedPage(make: () => Promise<Made>): () => Promise<Page> {
  let next: Promise<Page> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let freeAt = Number.NEGATIVE_INFINITY;

  const begin = async (): Promise<Page> => {
    const { text, loopMs, threadMs } = await make();
    const restMs = Math.max(LEAST_MS, LOOP_SHARE * loopMs, THREAD_SHARE * threadMs);
    freeAt = performance.now() + Math.min(MOST_MS, restMs);
    return { text, gzipped: once(() => compress(text)) };
  };
  const afterLast = async (): Promise<Page> => {
    await last;
    await sleep(freeAt - performance.now());
    next = undefined;
    const page = begin();
    last = page.catch(() => {});
    return page;
  };
  return () => {
    next ??= afterLast();
    return next;
  };
}

const compress = promisify<string, Buffer>(gzip);

async function sleep(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
