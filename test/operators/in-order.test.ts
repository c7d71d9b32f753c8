import { map, range, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/operators/in-order.js';
import type { MaybePromise } from '../../src/parameters/step-parameters.js';
import { collect, marbles } from './marbles.js';

type List = readonly MaybePromise<string>[];

const idle = () => new Promise((resolve) => setImmediate(resolve));

/** A promise, and its ends in hand. */
function promised() {
  let settle = (_value: string): void => {};
  let fail = (_cause: unknown): void => {};
  const promise = new Promise<string>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}

describe('inOrder', () => {
  it('gives what is there at once', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const lists = { a: ['a'], n: [], b: ['b', 'c'] };
      const source = hot<List>('-a-n-b----|', lists);
      expectObservable(source.pipe(inOrder())).toBe('-a---(bc)-|');
      expectSubscriptions(source.subscriptions).toBe('^---------!');
      expectObservable(hot<List>('-a-#', lists).pipe(inOrder())).toBe('-a-#');
      expectObservable(hot<List>('----', lists).pipe(inOrder())).toBe('----');
      expectObservable(hot<List>('-a-b', lists).pipe(inOrder()), '^-!').toBe('-a-');
    });
  });

  it('lets nothing overtake a promise, the end neither, and gives at once again after it', async () => {
    const [first, second] = [promised(), promised()];
    const source = new Subject<List>();
    const result = collect(source.pipe(inOrder()));
    for (const list of [['a', first.promise, 'c'], ['d', second.promise], ['f']]) source.next(list);
    second.settle('e');
    await idle();
    expect(result.values).toEqual(['a']);
    first.settle('b');
    await idle();
    expect(result.values.join('')).toBe('abcdef');
    source.next(['g']);
    expect(result.values.join('')).toBe('abcdefg');
    const last = promised();
    source.next([last.promise]);
    source.complete();
    await idle();
    expect(result.completed).toBe(false);
    last.settle('h');
    await idle();
    expect(result).toEqual({ values: [...'abcdefgh'], error: undefined, completed: true });
  });

  it('makes an error of a promise that fails, in its turn, and lets go of the source', async () => {
    const [first, second] = [promised(), promised()];
    const source = new Subject<List>();
    const result = collect(source.pipe(inOrder()));
    source.next([first.promise, second.promise, 'c']);
    second.fail(new Error('lost device'));
    await idle(); // a rejection that no one handles would fail this file
    expect(result.error).toBe(undefined);
    first.settle('a');
    await idle();
    expect(result).toEqual({ values: ['a'], error: new Error('lost device'), completed: false });
    expect(source.observed).toBe(false);
  });

  it("passes the source's error on at once, and gives nothing after", async () => {
    const late = promised();
    const source = new Subject<List>();
    const result = collect(source.pipe(inOrder()));
    source.next([late.promise]);
    source.error(new Error('source'));
    late.settle('a');
    await idle();
    expect(result).toEqual({ values: [], error: new Error('source'), completed: false });
  });

  it('gives nothing to those who have left, and fails silently for them', async () => {
    const [first, second] = [promised(), promised()];
    const source = new Subject<List>();
    const seen: string[] = [];
    const subscription = source.pipe(inOrder()).subscribe((value) => seen.push(value));
    source.next([first.promise, second.promise]);
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    first.settle('a');
    second.fail(new Error('lost device'));
    await idle();
    expect(seen).toEqual([]);
  });

  it('gives no more of a list to a subscriber that leaves within its next, at once or after a promise', async () => {
    for (const list of [
      ['a', 'b', Promise.resolve('c')],
      [Promise.resolve('a'), 'b', 'c'],
    ]) {
      const source = new Subject<List>();
      const seen: string[] = [];
      const subscription = source.pipe(inOrder()).subscribe((value) => {
        seen.push(value);
        subscription.unsubscribe();
      });
      source.next(list);
      await idle();
      expect(seen).toEqual(['a']);
      expect(source.observed).toBe(false);
    }
  });

  it('ends a source that never ends by itself', () => {
    let asked = 0;
    const endless = range(0, Number.MAX_SAFE_INTEGER).pipe(map((i): List => [String(++asked + i)]));
    expect(collect(endless.pipe(inOrder(), take(2))).values).toEqual(['1', '3']);
    expect(asked).toBe(2);
  });
});
