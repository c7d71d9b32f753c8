import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type TrainingEvent, updatesAfterAlert } from '../../src/index.js';
import { event, fakeRun } from './fake-run.js';
import { collect } from './marbles.js';

/** A run of ten steps, with an alert after some of them. */
function run(alerts: Readonly<Record<number, Partial<Extract<TrainingEvent, { type: 'alert' }>>>>): TrainingEvent[] {
  return fakeRun(10).flatMap((each) => {
    const alert = each.type === 'step-end' && alerts[each.step];
    return alert ? [each, event('alert', { step: each.step, phase: 'begin', rule: 'loss-spike', ...alert })] : [each];
  });
}

const stepsOf = (events: readonly TrainingEvent[], options?: Parameters<typeof updatesAfterAlert>[0]) =>
  collect(from(events).pipe(updatesAfterAlert(options))).values.map(({ step }) => step);

describe('updatesAfterAlert', () => {
  it.each([
    ['no alert', {}, []],
    ['one', { 3: {} }, [4, 5]],
    ['another meanwhile prolongs it', { 3: {}, 4: {} }, [4, 5, 6]],
    ['the end of one does not count', { 3: { phase: 'end' as const } }, []],
    ['nor does that of another rule', { 3: { rule: 'overfit' } }, []],
  ])('%s', (_name, alerts, steps) => {
    expect(stepsOf(run(alerts), { steps: 2, rules: ['loss-spike'] })).toEqual(steps);
  });

  it('measures everything, with histograms', () => {
    const [first] = collect(from(run({ 1: {} })).pipe(updatesAfterAlert({ steps: 1 }))).values;
    expect(Object.keys(first!.columns)).toContain('stdRatio');
    expect(Object.keys(first!.histograms)).toEqual(['update', 'weight', 'gradient']);
  });

  it('takes no snapshot while nothing is wrong', () => {
    const ledger = { taken: 0, live: 0 };
    collect(from(fakeRun(5, { ledger })).pipe(updatesAfterAlert()));
    expect(ledger.taken).toBe(0);
  });

  it('refuses what makes no measurement', () => {
    expect(() => updatesAfterAlert({ steps: 0 })).toThrow('steps: expected a positive integer, got 0');
    expect(() => updatesAfterAlert({ histograms: ['x' as 'update'] })).toThrow('histograms: expected one of');
  });
});
