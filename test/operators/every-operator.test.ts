/**
 * What holds for every operator, whatever it does. The table names them all, and the first test fails when one that is
 * exported is not in it.
 */
import { readdirSync } from 'node:fs';
import { type Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import * as trainscope from '../../src/index.js';
import { SupervisedObservable } from '../../src/run/supervised-observable.js';
import type { Ledger } from './fake-run.js';
import { collect, marbles } from './marbles.js';
import { OPERATORS, OTHERS } from './operator-table.js';
import { obeysTheLawsOfStreams } from './stream-laws.js';

/** Of the room's files, those whose main export is public. */
function publicOperators(): string[] {
  return readdirSync(new URL('../../src/operators/', import.meta.url))
    .map((file) => file.replace(/\.ts$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))
    .filter((name) => name in trainscope && !OTHERS.has(name));
}

describe('every operator', () => {
  it('is in this table', () => {
    expect(publicOperators().sort()).toEqual(Object.keys(OPERATORS).sort());
  });

  describe.each(Object.entries(OPERATORS))('%s', (_name, { make, input, gives }) => {
    const ledger: Ledger = { taken: 0, live: 0 };
    const apply = (source: Observable<unknown>) => source.pipe(make());
    obeysTheLawsOfStreams({ make, input: () => input(ledger), checkReleased: () => expect(ledger.live).toBe(0) });

    it('never, empty, error', () => {
      marbles(({ cold, expectObservable }) => {
        expectObservable(apply(cold('---'))).toBe('---');
        expectObservable(apply(cold('--|'))).toBe('--|');
        expectObservable(apply(cold('--#', {}, new Error('source')))).toBe('--#', {}, new Error('source'));
      });
    });

    it('passes on the end after its last value, and subscribes once', () => {
      marbles(({ cold, expectSubscriptions }) => {
        const source = cold('a|', { a: input(ledger)[0] });
        apply(source).subscribe();
        expectSubscriptions(source.subscriptions).toBe('^!');
      });
    });

    it('gives the same to every subscriber: its state is in the subscription', () => {
      const operator = make();
      const run = input(ledger);
      const results = [1, 2].map(() => {
        const source = new Subject<unknown>();
        const result = collect(source.pipe(operator));
        for (const value of run) source.next(value);
        source.complete();
        return result;
      });
      expect(results[0]!.values).toHaveLength(gives);
      expect(results[0]!.completed).toBe(true);
      expect(results[1]).toEqual(results[0]);
      expect(ledger.live).toBe(0);
    });

    it('unsubscribes at once, in the middle of anything, and gives nothing after', () => {
      const run = input(ledger);
      for (let cut = 0; cut < run.length; cut++) {
        const source = new Subject<unknown>();
        const seen: unknown[] = [];
        const subscription = apply(source).subscribe((value) => seen.push(value));
        for (const value of run.slice(0, cut)) source.next(value);
        const before = seen.length;
        subscription.unsubscribe();
        expect(source.observed).toBe(false);
        for (const value of run.slice(cut)) source.next(value);
        expect(seen).toHaveLength(before);
        expect(ledger.live).toBe(0);
      }
    });

    it('lets go of everything when the source fails, in the middle of anything', () => {
      const run = input(ledger);
      for (let cut = 0; cut < run.length; cut++) {
        const source = new Subject<unknown>();
        const result = collect(apply(source));
        for (const value of run.slice(0, cut)) source.next(value);
        source.error(new Error('source'));
        expect(result.error).toEqual(new Error('source'));
        expect(ledger.live).toBe(0);
      }
    });

    it('of a supervised source is supervised: a subscriber that throws ends nothing but itself', () => {
      const failures: unknown[] = [];
      const source = new Subject<unknown>();
      const supervised = new SupervisedObservable<unknown>(
        (cause) => failures.push(cause),
        (subscriber) => source.subscribe(subscriber),
      );
      const seen: unknown[] = [];
      apply(supervised).subscribe(() => {
        throw new Error('mine');
      });
      apply(supervised).subscribe((value) => seen.push(value));
      for (const value of input(ledger)) source.next(value);
      source.complete();
      expect(failures).toEqual([new Error('mine')]);
      expect(seen).toHaveLength(gives);
      expect(ledger.live).toBe(0);
    });
  });
});
