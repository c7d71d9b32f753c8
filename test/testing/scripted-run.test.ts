import { concatMap, from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Comparison, parameterUpdates, STATISTICS } from '../../src/index.js';
import { recordStream, scriptedParameters, scriptedRun, scriptedStep, scriptedUpdates } from '../../src/testing.js';
import { relativeError, twin } from '../parameters/twin.js';

describe('scripted runs', () => {
  it('have the events of a real run, in their order and with their numbers of steps', () => {
    const events = scriptedRun(2, { stepsPerEpoch: 1 });
    const step = ['step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'];
    expect(events.map(({ type }) => type)).toEqual(['train-begin', ...step, ...step, 'train-end']);
    expect(events.map((event) => event.step)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
    expect(events[5]).toMatchObject({ epoch: 1 });
  });

  it('measure every statistic by its formula', () => {
    const w = [1, -2, 3, 0];
    const v = [1, -2.5, 4, 1e-3];
    const g = [0.1, 0.2, -0.3, 0];
    const { pre, post, end, begin } = scriptedStep(1, { w }, { w: v }, { gradients: { w: g } });
    const { values } = recordStream(
      from([begin, pre, post, end]).pipe(parameterUpdates({ statistics: STATISTICS, histograms: ['gradient'] })),
    );
    for (const statistic of STATISTICS)
      expect(relativeError(values[0]!.of('w')[statistic], twin(statistic, w, v, g))).toBeLessThan(1e-12);
    expect(values[0]!.histograms.gradient?.[0]).toMatchObject({ zeros: 1 });
  });

  it('have no histogram of the update of a parameter that has just come', () => {
    const before = scriptedParameters({}).snapshot();
    const { histograms } = scriptedParameters({ w: [1, 2] }).compare(before, {
      statistics: [],
      histograms: ['update', 'weight'],
    }) as Comparison;
    expect(histograms.update).toEqual([{ zeros: 0, nonFinite: 0, firstExponent: 0, counts: [] }]);
    expect(histograms.weight?.[0]?.counts).toEqual([1, 1]);
  });

  it('count snapshots, update as told, and delay what a device would', async () => {
    const ledger = { taken: 0, live: 0 };
    const events = scriptedRun(3, { ledger, update: ({ w }) => ({ w: w!.map((value) => value * 2) }) });
    const { values } = recordStream(from(events).pipe(parameterUpdates()));
    expect(values.map((updates) => updates.of('w').updateRatio)).toEqual([1, 1, 1]);
    expect(ledger).toEqual({ taken: 3, live: 0 });
    const later = scriptedParameters({ w: [1] }, { delay: async (comparison) => comparison });
    expect(later.compare(later.snapshot(), { statistics: ['updateNorm'] })).toBeInstanceOf(Promise);
    expect(() => later.compare({ names: [], dispose() {} }, { statistics: [] })).toThrow(/before: expected/);
  });

  it('make updates by hand', () => {
    const updates = scriptedUpdates({ updateNorm: [1, 2] }, { names: ['a', 'b'], step: 3 });
    expect(updates.of('b')).toEqual({ name: 'b', size: 1, updateNorm: 2 });
    expect(updates.step).toBe(3);
  });
});

describe('recordStream', () => {
  it('keeps values, the end, and the error', async () => {
    expect(recordStream(from([1, 2]))).toMatchObject({ values: [1, 2], completed: true, error: undefined });
    const failing = recordStream(
      from([1, 2]).pipe(
        concatMap((value) => {
          if (value === 2) throw new Error('two');
          return [value];
        }),
      ),
    );
    expect(failing).toMatchObject({ values: [1], completed: false });
    expect(failing.error).toMatchObject({ message: 'two' });
  });
});
