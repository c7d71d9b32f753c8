import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { once } from '../gauge-frame.js';

/** A page of metrics as text, and compressed where somebody asks for it so. */
export interface Page {
  readonly text: string;
  gzipped(): Promise<Buffer>;
}

/** Pages begin no closer to each other than this. */
const LEAST_MS = 250;
/** Making pages takes at most a part in so many of the loop's time, ... */
const SHARE = 20;
/** ... but nobody waits longer than this for a page to begin. */
const MOST_MS = 2_000;

/**
 * One page for all who ask within a moment, begun after each of them has asked: so that it shows what was so far, and
 * many who ask do not take the loop's time. Who asks after a quiet moment does not wait.
 */
export function sharedPage(render: () => Promise<string>): () => Promise<Page> {
  let next: Promise<Page> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let freeAt = Number.NEGATIVE_INFINITY;

  const make = async (): Promise<Page> => {
    const begin = performance.now();
    const text = await render();
    const end = performance.now();
    freeAt = end + Math.min(MOST_MS, Math.max(LEAST_MS, SHARE * (end - begin)));
    return { text, gzipped: once(() => compress(text)) };
  };
  const afterLast = async (): Promise<Page> => {
    await last;
    await sleep(freeAt - performance.now());
    next = undefined;
    const page = make();
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
