/**
 * What holds for every operator, whatever it does. The table names them all, and the first test fails when one that is
 * exported is not in it.
 */
import { readdirSync } from 'node:fs';
import { type Observable, type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { SupervisedObservable } from '../../src/events/supervised-observable.js';
import * as trainscope from '../../src/index.js';
import type { ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import { fakeRun, type Ledger, updatesOf } from './fake-run.js';
import { collect, marbles } from './marbles.js';

interface Case {
  /** Made anew for each use, to be sure that nothing hides in the factory. */
  readonly make: () => OperatorFunction<unknown, unknown>;
  /** What to feed it, and how many values come out of that. */
  readonly input: (ledger: Ledger) => readonly unknown[];
  readonly gives: number;
}

const updates = (ledger: Ledger) => {
  ledger.taken += 0;
  return [1, 2, 3].map((step) =>
    updatesOf({ updateNorm: [step, 1], weightNorm: [1, 2], gradientNorm: [0, 1] }, { names: ['a/w', 'a/b'], step }),
  );
};
const events = (ledger: Ledger) => fakeRun(3, { ledger });

const of = <T, R>(
  make: () => OperatorFunction<T, R>,
  input: (ledger: Ledger) => readonly unknown[],
  gives: number,
): Case => ({ make: make as unknown as Case['make'], input, gives });

const OPERATORS: Readonly<Record<string, Case>> = {
  ema: of(() => trainscope.ema<ParameterUpdates>(), updates, 3),
  globalNorms: of(() => trainscope.globalNorms(), updates, 3),
  groupByLayer: of(() => trainscope.groupByLayer<'updateNorm'>(), updates, 3),
  ofMeasurement: of(() => trainscope.ofMeasurement('parameter-updates'), updates, 3),
  ofType: of(() => trainscope.ofType('step-end'), events, 3),
  parameterDrift: of(() => trainscope.parameterDrift(), events, 3),
  parameterUpdates: of(() => trainscope.parameterUpdates(), events, 3),
  selectParameters: of(() => trainscope.selectParameters('a.w'), updates, 3),
  throughput: of(() => trainscope.throughput(), events, 3),
  topUpdates: of(() => trainscope.topUpdates(1), updates, 3),
};

/** What else the room exports: schedules, and the function that names layers. */
const OTHERS = new Set(['everyEpochs', 'everySteps', 'layerOf', 'logSteps']);

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
        (_sink, cause) => failures.push(cause),
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
