/**
 * What holds for every rule, whatever it judges. The table names them all, and the first test fails when one that is
 * exported is not in it.
 */
import { readdirSync } from 'node:fs';
import { type Observable, type OperatorFunction, Subject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AlertEvent, RuleOptions } from '../../src/index.js';
import * as trainscope from '../../src/index.js';
import { SupervisedObservable } from '../../src/run/supervised-observable.js';
import { event, updatesOf } from '../operators/fake-run.js';
import { collect, marbles } from '../operators/marbles.js';
import { obeysTheLawsOfStreams } from '../operators/stream-laws.js';
import { activated, column, evaluations, losses, ranks } from './numbers.js';

interface Case {
  readonly make: (options?: RuleOptions) => OperatorFunction<unknown, AlertEvent>;
  /** A trouble that comes and goes. */
  readonly input: readonly unknown[];
}

const of = <T>(make: (options?: RuleOptions) => OperatorFunction<T, AlertEvent>, input: readonly unknown[]): Case => ({
  make: make as unknown as Case['make'],
  input,
});

const comesAndGoes = (ill: number, well: number): number[] => [...Array(6).fill(ill), ...Array(12).fill(well)];

/** Timers that never ring, and how many are set. */
let timersSet = 0;
const silentTimer = () => {
  let isSet = true;
  timersSet++;
  return () => {
    if (isSet) timersSet--;
    isSet = false;
  };
};

const RULES: Readonly<Record<string, Case>> = {
  allZero: of(trainscope.allZero, column('weightNorm', comesAndGoes(0, 1), { updateNorm: 0 })),
  deadRelu: of(
    trainscope.deadRelu,
    comesAndGoes(1, 0).map((dead, i) => activated(i + 1, { hidden: { dead } })),
  ),
  changedBetweenUpdates: of(
    trainscope.changedBetweenUpdates,
    column('weightNorm', [1, 2, 3, 4, ...Array(45).fill(4)], { updateNorm: 0.1 }),
  ),
  constantLoss: of(
    (options) => trainscope.constantLoss({ steps: 3, ...options }),
    column('updateNorm', [1, 1, 1, 1, 1, 1], { weightNorm: 1 }, { losses: [3, 2, 2, 2, 2, 1] }),
  ),
  constantPrediction: of(
    trainscope.constantPrediction,
    measured([2, 1.9, 1.8, 1.7, 1.5, 1.4, 1.3], [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9]),
  ),
  explodingUpdates: of(
    trainscope.explodingUpdates,
    column('updateNorm', comesAndGoes(1, 0.01), { weightNorm: 1 }, { losses: [1, ...comesAndGoes(9, 1)] }),
  ),
  identicalUnits: of(
    trainscope.identicalUnits,
    comesAndGoes(1, 0).map((identical, i) => activated(i + 1, { hidden: { identical } })),
  ),
  labelLeak: of(trainscope.labelLeak, [...losses(2), ...measured([0.5, 0.05, 0.04, 0.2], [0.9, 1, 1, 0.9])]),
  gradientNormJump: of(trainscope.gradientNormJump, column('gradientNorm', [...Array(50).fill(1), 19, 19, 1, 1, 1])),
  lossNotDecreasing: of(
    (options) => trainscope.lossNotDecreasing({ steps: 2, patience: 2, ...options }),
    [...losses(1, 1, 1, 1, 2, 2, 2, 2, 0, 0)],
  ),
  lossSpike: of(trainscope.lossSpike, losses(1, 1, 1, 9, 1, 1, 1, 1)),
  nonFinite: of(trainscope.nonFinite, column('nonFinite', [0, 1, 2, 0])),
  nonFiniteLoss: of(trainscope.nonFiniteLoss, losses(1, 1, Number.NaN, Number.NaN, 1)),
  overfit: of(
    trainscope.overfit,
    evaluations([
      [1, 1],
      [0.5, 1.2],
      [0.4, 1.3],
      [0.3, 1.4],
      [0.9, 0.8],
    ]),
  ),
  overtraining: of(
    (options) => trainscope.overtraining({ trainPatience: 2, validationPatience: 2, ...options }),
    evaluations([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
      [0.1, 0.1],
    ]),
  ),
  poorInitialization: of(trainscope.poorInitialization, [
    ...[1, 2, 3, 4].map((step) => activated(step, { a: {}, b: { variance: 1e-9 } })),
    ...[5, 6, 7].map((step) => activated(step, { a: {}, b: {} })),
  ]),
  ranksDiffer: of(
    trainscope.ranksDiffer,
    comesAndGoes(1, 0).map((ill, i) => ranks(i + 1, [10, 10], ill ? [['w', 1e-3]] : [])),
  ),
  stragglers: of(
    (options) => trainscope.stragglers({ window: 2, ...options }),
    comesAndGoes(1, 0).map((ill, i) => ranks(i + 1, [10, ill ? 60 : 10])),
  ),
  sameOrder: of(trainscope.sameOrder, [...epochs(3, inOrder), ...epochs(3, mixed, 3)]),
  slowLoader: of(trainscope.slowLoader, [...paced(30, 40), ...paced(60, 0, 30)]),
  staleBatchNorm: of(trainscope.staleBatchNorm, [
    updatesOf({ weightNorm: [1] }, { names: ['batch_normalization/gamma'], step: 1 }),
    ...evaluations([
      [2, 2],
      [0.5, 1.9],
      [0.4, 1.9],
      [0.4, 0.5],
    ]),
  ]),
  strongDecay: of(trainscope.strongDecay, column('weightNorm', [1, ...comesAndGoes(0.01, 1)])),
  saturatedActivation: of(
    trainscope.saturatedActivation,
    comesAndGoes(1, 0).map((saturated, i) => activated(i + 1, { hidden: { activation: 'tanh', saturated } })),
  ),
  stalledTraining: of(
    (options) => trainscope.stalledTraining({ ...options, afterMs: 100, timer: silentTimer }),
    [0, 50, 90, 300, 310].map((time, step) => event('step-end', { step, time })),
  ),
  tensorLeak: of(
    (options) => trainscope.tensorLeak({ steps: 2, ...options }),
    [5, 6, 7, 8, 8, 8, 8].map((numTensors, step) => event('step-end', { step, numTensors })),
  ),
  tinyUpdates: of(
    trainscope.tinyUpdates,
    column(
      'updateNorm',
      [...Array(50).fill(1e-7), ...Array(60).fill(0.01)],
      { weightNorm: 1 },
      { losses: Array(110).fill(1) },
    ),
  ),
  unboundedLoss: of(trainscope.unboundedLoss, losses(1, -11, -12, -13, -1, -1, -1)),
  unchangedParameter: of(trainscope.unchangedParameter, column('unchanged', comesAndGoes(1, 0))),
  updateRatioBand: of(
    (options) => trainscope.updateRatioBand<'updateRatio'>({ ...options }),
    column('updateRatio', comesAndGoes(1, 1e-3)),
  ),
  vanishingGradients: of(
    trainscope.vanishingGradients,
    comesAndGoes(1e-12, 1).map((norm, i) =>
      Object.assign(column('gradientNorm', [1])[0]!, {
        step: i + 1,
        names: ['a/w', 'b/w'],
        sizes: [1, 1],
        columns: { gradientNorm: Float64Array.of(norm, 1) },
      }),
    ),
  ),
  zeroLearningRate: of(trainscope.zeroLearningRate, [
    ...Array.from({ length: 12 }, (_, i) => event('step-end', { step: i + 1, learningRate: i < 11 ? 0 : 0.1 })),
  ]),
};

/** Evaluations of so many validation losses and accuracies. */
function measured(values: readonly number[], accuracies: readonly number[]): unknown[] {
  return values.map((val_loss, i) =>
    event('evaluate', { step: i + 2, metrics: { val_loss, val_accuracy: accuracies[i]! } }),
  );
}

/** Losses of twenty steps, alike in every epoch, or not. */
function inOrder(_epoch: number, i: number): number {
  return 1 + (i % 3) / 10;
}

function mixed(epoch: number, i: number): number {
  return 1 + (((i + 1) * (i + 3) * (7 + 3 * epoch)) % 11) / 10;
}

function epochs(count: number, loss: (epoch: number, i: number) => number, from = 0): unknown[] {
  return Array.from({ length: 20 * count }, (_, i) => {
    const epoch = from + Math.floor(i / 20);
    return event('step-end', { step: 20 * from + i + 1, epoch: from + (i + 1) / 20, loss: loss(epoch, i % 20) });
  });
}

/** Steps of 10 ms, with a wait before each. */
function paced(count: number, waitMs: number, from = 0): unknown[] {
  return Array.from({ length: count }, (_, i) =>
    event('step-end', { step: from + i + 1, time: from * 50 + (i + 1) * (10 + waitMs), durationMs: 10, whole: true }),
  );
}

/** What else the room exports: rules together, and what makes one. */
const OTHERS = new Set(['defaultRules', 'createRule']);

function publicRules(): string[] {
  return readdirSync(new URL('../../src/rules/', import.meta.url))
    .map((file) => file.replace(/\.ts$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))
    .filter((name) => name in trainscope && !OTHERS.has(name));
}

beforeEach(() => {
  timersSet = 0;
});

describe('defaultRules', () => {
  obeysTheLawsOfStreams({
    make: () => trainscope.defaultRules() as OperatorFunction<unknown, AlertEvent>,
    input: () => losses(1, 1, 1, 9, 1, 1, 1, 1),
  });
});

describe('every rule', () => {
  it('is in this table', () => {
    expect(publicRules().sort()).toEqual(Object.keys(RULES).sort());
  });

  describe.each(Object.entries(RULES))('%s', (_name, { make, input }) => {
    const apply = (source: Observable<unknown>) => source.pipe(make());
    obeysTheLawsOfStreams({ make, input: () => input, checkReleased: () => expect(timersSet).toBe(0) });
    const run = (operator: OperatorFunction<unknown, AlertEvent>, values: readonly unknown[]) => {
      const source = new Subject<unknown>();
      const result = collect(source.pipe(operator));
      for (const value of values) source.next(value);
      return result;
    };

    it('never, empty, error', () => {
      marbles(({ cold, expectObservable }) => {
        expectObservable(apply(cold('---'))).toBe('---');
        expectObservable(apply(cold('--|'))).toBe('--|');
        expectObservable(apply(cold('--#', {}, new Error('source')))).toBe('--#', {}, new Error('source'));
      });
    });

    it('tells one trouble once: where it begins, and where it ends', () => {
      const { values, error } = run(make(), input);
      expect(error).toBeUndefined();
      expect(values.map(({ phase }) => phase)).toEqual(['begin', 'end']);
      const [begin, end] = values as [AlertEvent, AlertEvent];
      expect(end).toMatchObject({ rule: begin.rule, severity: begin.severity, firstStep: begin.firstStep });
      expect(begin.firstStep).toBeLessThanOrEqual(begin.step);
      expect(end.lastStep).toBeGreaterThanOrEqual(begin.lastStep!);
      expect(begin.message).toMatch(/, since step \d+\. [A-Z].*\.$/);
    });

    it('says nothing of nothing', () => {
      expect(run(make(), input.slice(-1)).values).toEqual([]);
    });

    it('gives the same to every subscriber: its state is in the subscription', () => {
      const operator = make();
      expect(run(operator, input)).toEqual(run(operator, input));
    });

    it('unsubscribes at once, in the middle of anything, and gives nothing after', () => {
      for (let cut = 0; cut < input.length; cut++) {
        const source = new Subject<unknown>();
        const seen: unknown[] = [];
        const subscription = apply(source).subscribe((value) => seen.push(value));
        for (const value of input.slice(0, cut)) source.next(value);
        const before = seen.length;
        subscription.unsubscribe();
        expect(source.observed).toBe(false);
        for (const value of input.slice(cut)) source.next(value);
        expect(seen).toHaveLength(before);
      }
    });

    it('goes on from its saved memory, wherever it was cut, as if it had not been', () => {
      const whole = run(make(), input).values;
      for (let cut = 0; cut <= input.length; cut++) {
        const memory = trainscope.runMemory();
        const first = run(make({ memory }), input.slice(0, cut)).values;
        const saved = JSON.parse(JSON.stringify(memory.save()));
        const rest = run(make({ memory: trainscope.runMemory(saved) }), input.slice(cut)).values;
        expect([...first, ...rest]).toEqual(whole);

        // A Trainer restores when the rules follow the run already.
        const later = trainscope.runMemory();
        const source = new Subject<unknown>();
        const { values } = collect(source.pipe(make({ memory: later })));
        later.restore(saved);
        for (const value of input.slice(cut)) source.next(value);
        expect(values).toEqual(rest);
      }
    });

    it('takes the severity that it is given', () => {
      if (_name === 'updateRatioBand') return; // it has two of its own
      const alerts = run(make({ severity: 'info' }), input).values;
      expect(alerts.map(({ severity }) => severity)).toEqual(['info', 'info']);
    });

    it('stays supervised behind a supervised stream', () => {
      expect(new SupervisedObservable(() => {}).pipe(make())).toBeInstanceOf(SupervisedObservable);
    });
  });
});
