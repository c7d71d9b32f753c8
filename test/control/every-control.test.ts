/**
 * What holds for every control operator, whatever it asks for. The table names them all, and the first test fails when one
 * that is exported is not in it.
 */
import { readdirSync } from 'node:fs';
import { type Observable, type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { ControlRequest } from '../../src/index.js';
import * as trainscope from '../../src/index.js';
import { SupervisedObservable } from '../../src/run/supervised-observable.js';
import { event, fakeStep, type Ledger, updatesOf } from '../operators/fake-run.js';
import { collect, marbles } from '../operators/marbles.js';
import { obeysTheLawsOfStreams } from '../operators/stream-laws.js';
import { evaluations, losses } from '../rules/numbers.js';

interface Case {
  readonly make: () => OperatorFunction<unknown, ControlRequest>;
  /** Something that it asks for at least one thing of. */
  readonly input: readonly unknown[];
}

const of = <T>(make: () => OperatorFunction<T, ControlRequest>, input: readonly unknown[]): Case => ({
  make: make as unknown as Case['make'],
  input,
});

const alert = event('alert', { rule: 'non-finite', severity: 'error', phase: 'begin', firstStep: 3, step: 3 });
const calm = losses(1, 1, 1, 1);

const ledger: Ledger = { taken: 0, live: 0 };

/** A step of one parameter, by its gradient. */
function stepOf(step: number, gradient: number): unknown[] {
  const { begin, pre, post, end } = fakeStep(step, { w: [1] }, { w: [2] }, { ledger, gradients: { w: [gradient] } });
  return [begin, pre, post, end];
}

const CONTROLS: Readonly<Record<string, Case>> = {
  earlyStopping: of(
    () => trainscope.earlyStopping({ patience: 2 }),
    evaluations([1, 2, 3, 4, 5].map((value) => [1, value] as const)),
  ),
  reduceOnPlateau: of(() => trainscope.reduceOnPlateau({ steps: 1, patience: 1 }), [...calm, ...calm]),
  rollback: of(trainscope.rollback, [...calm, alert, ...calm]),
  skipNonFinite: of(trainscope.skipNonFinite, [
    ...[1, 2, 3].flatMap((step) => stepOf(step, step === 2 ? Number.NaN : 1)),
    ...stepOf(4, Infinity),
  ]),
  steerUpdateRatio: of(
    () => trainscope.steerUpdateRatio<'updateNorm'>({ every: 2 }),
    [1, 2, 3, 4, 5].map((step) =>
      Object.assign(updatesOf({ updateNorm: [0.5], weightNorm: [1] }, { names: ['w'], step }), { learningRate: 1 }),
    ),
  ),
  stopOnAlert: of(trainscope.stopOnAlert, [...calm, alert, ...calm]),
  warmRestart: of(() => trainscope.warmRestart({ period: 3 }), [...calm, ...calm]),
};

function publicControls(): string[] {
  return readdirSync(new URL('../../src/control/', import.meta.url))
    .map((file) => file.replace(/\.ts$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))
    .filter((name) => name in trainscope);
}

describe('every control', () => {
  it('is in this table', () => {
    expect(publicControls().sort()).toEqual(Object.keys(CONTROLS).sort());
  });

  describe.each(Object.entries(CONTROLS))('%s', (_name, { make, input }) => {
    const apply = (source: Observable<unknown>) => source.pipe(make());
    obeysTheLawsOfStreams({ make, input: () => input, checkReleased: () => expect(ledger.live).toBe(0) });

    it('never, empty, error', () => {
      marbles(({ cold, expectObservable }) => {
        expectObservable(apply(cold('---'))).toBe('---');
        expectObservable(apply(cold('--|'))).toBe('--|');
        expectObservable(apply(cold('--#', {}, new Error('source')))).toBe('--#', {}, new Error('source'));
      });
    });

    it('gives the same to every subscriber: its state is in the subscription', () => {
      const operator = make();
      const results = [1, 2].map(() => {
        const source = new Subject<unknown>();
        const result = collect(source.pipe(operator));
        for (const value of input) source.next(value);
        return result;
      });
      expect(results[0]!.values.length).toBeGreaterThan(0);
      expect(results[1]).toEqual(results[0]);
    });

    it('stays supervised behind a supervised stream', () => {
      expect(new SupervisedObservable(() => {}).pipe(make())).toBeInstanceOf(SupervisedObservable);
    });
  });
});
