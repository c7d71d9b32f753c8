/** A sink, an operator or a rule on a stream that it cannot take: what is told says what to do. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from, lastValueFrom, merge, type Observable, type OperatorFunction, of } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  allZero,
  consoleSink,
  deadRelu,
  ema,
  explodingUpdates,
  globalNorms,
  gradientNormJump,
  groupByLayer,
  nonFinite,
  observe,
  parameterUpdates,
  poorInitialization,
  type Sink,
  saturatedActivation,
  selectParameters,
  topUpdates,
  unchangedParameter,
  updateRatioBand,
  vanishingGradients,
} from '../../src/index.js';
import { csvSink, jsonlSink, liveSink, parquetSink, reportSink, tensorboardSink } from '../../src/node.js';
import { otelSink } from '../../src/otel.js';
import { recordStream, scriptedRun, scriptedUpdates, trainingEvent } from '../../src/testing.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-wrong-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);

const events = () => from(scriptedRun(2));
const updates = () => events().pipe(parameterUpdates({ statistics: ['updateNorm'] }));

/** What a run says of a sink on a stream. */
async function toldOf(stream$: Observable<unknown>, sink: Sink<never>): Promise<string> {
  const run = observe({ w: [1] }, { onSinkError: () => {} });
  run.attach(stream$, sink as Sink<unknown>);
  const told = await run.close();
  expect(told).toHaveLength(1);
  expect(told[0]!.cause).toBeInstanceOf(TypeError);
  return (told[0]!.cause as TypeError).message;
}

describe('a sink that takes updates', () => {
  const EXPECTED = 'stream$: expected parameter updates and nothing else for ';
  const FIX = '; give it events$.pipe(parameterUpdates())';

  it.each([
    ['events', events, 'a record of type "train-begin"'],
    ['events among updates', () => merge(events(), updates()), 'a record of type "train-begin"'],
    ['events after updates', () => merge(updates(), events()), 'a record of type "train-begin"'],
    ['norms of all', () => updates().pipe(globalNorms()), 'a record of type "global-norms"'],
    ['numbers', () => of(0.5), '0.5'],
    ['texts', () => of('loss'), '"loss"'],
    ['nothing', () => of(undefined), 'undefined'],
    ['null', () => of(null), 'null'],
    ['other objects', () => of({ loss: 1 }), 'an object without a type'],
  ])('does not take %s', async (_, stream, got) => {
    for (const layout of ['wide', 'tutorial', 'long'] as const) {
      expect(await toldOf(stream(), csvSink(path('wrong.csv'), { layout }))).toBe(
        `${EXPECTED}csvSink(), got ${got}${FIX}`,
      );
    }
    expect(await toldOf(stream(), parquetSink(path('wrong')))).toBe(`${EXPECTED}parquetSink(), got ${got}${FIX}`);
  });

  it('keeps the rows that it has', async () => {
    await toldOf(merge(updates(), events()), csvSink(path('kept.csv')));
    expect(readFileSync(path('kept.csv'), 'utf8').split('\r\n')).toHaveLength(4);
  });
});

describe('a sink that takes any record', () => {
  const SINKS: Readonly<Record<string, () => Sink<never>>> = {
    consoleSink: () => consoleSink({ output: { write: () => {} } }),
    jsonlSink: () => jsonlSink(path('wrong.jsonl')),
    reportSink: () => reportSink(path('wrong.html')),
    tensorboardSink: () => tensorboardSink(path('runs')),
    otelSink: () => otelSink(),
  };
  it.each(Object.entries(SINKS))('%s takes no others', async (name, make) => {
    for (const [given, got] of [
      [0.5, '0.5'],
      [null, 'null'],
      [undefined, 'undefined'],
      ['loss', '"loss"'],
      [{ loss: 1 }, 'an object without a type'],
      [[1, 2], 'an object without a type'],
    ]) {
      expect(await toldOf(of(given), make())).toBe(
        `stream$: expected the events or measurements of a run for ${name}(), got ${got}; attach it to events$, or to events$.pipe(parameterUpdates())`,
      );
    }
  });

  it('so does liveSink', async () => {
    const sink = liveSink();
    expect(await toldOf(of(0.5), sink)).toContain('a run for liveSink(), got 0.5; attach it to events$');
    await sink.stop();
  });

  it.each(['tensorboardSink', 'otelSink'])('%s needs the run of a record', async (name) => {
    expect(await toldOf(of({ type: 'mine' }), SINKS[name]!())).toContain('got a record of type "mine"; attach it to');
  });
});

describe('consoleSink of a statistic', () => {
  it.each(['gradientNorm', 'stdRatio'] as const)('says that %s was not measured', async (statistic) => {
    const sink = consoleSink({ statistic, output: { write: () => {} } });
    expect(await toldOf(updates(), sink)).toBe(
      `statistics: expected ${statistic} for consoleSink(), got only updateNorm; add "${statistic}" to parameterUpdates({ statistics })`,
    );
  });
});

describe('an operator or a rule of updates', () => {
  const TAKING: Readonly<Record<string, OperatorFunction<never, unknown>>> = {
    'topUpdates()': topUpdates(1),
    'groupByLayer()': groupByLayer(),
    'selectParameters()': selectParameters('w'),
    'ema()': ema(),
    'globalNorms()': globalNorms(),
    'the rule all-zero': allZero(),
    'the rule exploding-updates': explodingUpdates(),
    'the rule gradient-norm-jump': gradientNormJump(),
    'the rule non-finite': nonFinite(),
    'the rule unchanged-parameter': unchangedParameter(),
    'the rule vanishing-gradients': vanishingGradients(),
    'updateRatioBand()': updateRatioBand(),
  };

  it.each(Object.entries(TAKING))('%s fails without parameterUpdates() before it', (user, operator) => {
    const { error } = recordStream((events() as Observable<never>).pipe(operator));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toBe(
      `stream$: expected parameter updates and nothing else for ${user}, got a record of type "train-begin"; give it events$.pipe(parameterUpdates())`,
    );
  });

  it('fails as a steer or a report of a run, which goes on', async () => {
    const run = observe({ w: [1] }, { onSinkError: () => {} });
    run.report(run.events$.pipe(allZero() as OperatorFunction<unknown, never>));
    run.step({}, () => {});
    const [told] = await run.close();
    expect(told!.message).toContain('give it events$.pipe(parameterUpdates())');
  });

  it.each([
    ['all-zero', allZero, 'weightNorm'],
    ['exploding-updates', explodingUpdates, 'weightNorm'],
    ['gradient-norm-jump', gradientNormJump, 'gradientNorm'],
    ['non-finite', nonFinite, 'nonFinite'],
    ['unchanged-parameter', unchangedParameter, 'unchanged'],
    ['vanishing-gradients', vanishingGradients, 'gradientNorm'],
  ] as const)('%s says what was not measured', async (name, rule, statistic) => {
    const judged = of(scriptedUpdates({ updateNorm: [1] })).pipe(rule() as OperatorFunction<unknown, unknown>);
    await expect(lastValueFrom(judged)).rejects.toThrow(
      `statistics: expected ${statistic} for the rule ${name}, got only updateNorm; add "${statistic}" to parameterUpdates({ statistics })`,
    );
  });
});

describe('a rule of activations', () => {
  it.each([
    ['deadRelu', deadRelu],
    ['saturatedActivation', saturatedActivation],
    ['poorInitialization', poorInitialization],
  ] as const)('%s says what to put before it', (name, rule) => {
    const { error } = recordStream((of(trainingEvent('step-end')) as Observable<never>).pipe(rule()));
    expect((error as TypeError).message).toBe(
      `stream$: expected activations for ${name}(), got a record of type "step-end"; give it events$.pipe(activations(model))`,
    );
  });
});
