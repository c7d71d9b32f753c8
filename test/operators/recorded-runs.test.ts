import { connect, from, merge, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/events/events.js';
import type { RunRecord } from '../../src/events/measurements.js';
import { everyEpochs } from '../../src/operators/every-epochs.js';
import { everySteps } from '../../src/operators/every-steps.js';
import { parameterDrift } from '../../src/operators/parameter-drift.js';
import { parameterUpdates } from '../../src/operators/parameter-updates.js';
import type { ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import { defaultRules } from '../../src/rules/default-rules.js';
import { event, fakeRun, updatesOf } from './fake-run.js';
import { collect } from './marbles.js';

/** Events as a file gives them back: without parameters. */
function recorded(records: readonly RunRecord[]): RunRecord[] {
  return records.map((record) => {
    if (record.type !== 'pre-optimizer-step' && record.type !== 'optimizer-step') return record;
    const { parameters: _, ...rest } = record;
    return rest as TrainingEvent;
  });
}

/** A run and what was measured of it, recorded. */
function recordingOf(events: readonly TrainingEvent[], options = {}): RunRecord[] {
  const { values } = collect(
    from(events as readonly RunRecord[]).pipe(connect((r$) => merge(r$, r$.pipe(parameterUpdates(options))))),
  );
  return recorded(values);
}

const steps = (list: readonly ParameterUpdates[]) => list.map(({ step }) => step);

describe('measuring a recorded run', () => {
  it('gives what the same operator gives of the running one, whatever the schedule', () => {
    const events = fakeRun(9, { stepsPerEpoch: 3 });
    for (const when of [() => true, everySteps(2), everyEpochs(1)]) {
      const live = collect(from(events).pipe(parameterUpdates({ when }))).values;
      expect(collect(from(recordingOf(events)).pipe(parameterUpdates({ when }))).values).toEqual(live);
    }
  });

  it('goes by the measurements alone where the events were not recorded', () => {
    const list = [1, 2, 3, 4, 5, 6].map((step) => updatesOf({ updateNorm: [step] }, { step, epoch: step / 3 }));
    const chosen = (when: ReturnType<typeof everySteps>) =>
      steps(
        collect(of<RunRecord[]>(...list).pipe(parameterUpdates({ statistics: ['updateNorm'], when }))).values as never,
      );
    expect(chosen(everySteps(2))).toEqual([2, 4, 6]);
    expect(chosen(everyEpochs(1))).toEqual([1, 4]);
  });

  it('picks the statistics that are asked for, in columns of its own, and says which are missing', () => {
    const recording = recordingOf(fakeRun(2), { histograms: ['update'] });
    const source = recording.find((record) => record.type === 'parameter-updates') as ParameterUpdates;
    const one = collect(from(recording).pipe(parameterUpdates({ statistics: ['updateNorm'], histograms: ['update'] })));
    expect(Object.keys(one.values[0]!.columns)).toEqual(['updateNorm']);
    expect(Object.keys(one.values[0]!.histograms)).toEqual(['update']);
    const before = [...source.columns.updateNorm];
    one.values[0]!.columns.updateNorm.fill(-1);
    expect([...source.columns.updateNorm]).toEqual(before);
    const none = collect(from(recording).pipe(parameterUpdates({ statistics: ['updateNorm', 'stdRatio'] })));
    expect(none.values).toEqual([]);
    expect(String(none.error)).toBe(
      'TypeError: statistics: expected stdRatio for a recorded run, when it was recorded, got only updateNorm, weightNorm, updateRatio, gradientNorm, maxAbsUpdate, unchanged, nonFinite; add "stdRatio" to parameterUpdates({ statistics })',
    );
    const histograms = collect(from(recording).pipe(parameterUpdates({ histograms: ['weight'] })));
    expect(String(histograms.error)).toContain('histograms: expected weight in a recorded run, got only update; add');
  });

  it('takes one measurement a step: the first that has what is asked for', () => {
    const [first, full, other] = [
      updatesOf({ updateNorm: [1] }, { step: 1 }),
      updatesOf({ updateNorm: [2], stdRatio: [5] }, { step: 1 }),
      updatesOf({ updateNorm: [3], stdRatio: [6] }, { step: 2 }),
    ];
    const recording = [first!, full!, other!] as RunRecord[];
    const norms = collect(from(recording).pipe(parameterUpdates({ statistics: ['updateNorm'] }))).values;
    expect(norms.map(({ columns }) => columns.updateNorm[0])).toEqual([1, 3]);
    const ratios = collect(from(recording).pipe(parameterUpdates({ statistics: ['stdRatio'] }))).values;
    expect(ratios.map(({ columns }) => columns.stdRatio[0])).toEqual([5, 6]);
  });

  it('gives a step that was done again twice, as the running one did', () => {
    const [, ...one] = fakeRun(1);
    const events = [...one.slice(0, 4), ...one.slice(0, 4)];
    const live = collect(from(events).pipe(parameterUpdates())).values;
    expect(steps(live)).toEqual([1, 1]);
    expect(collect(from(recordingOf(events)).pipe(parameterUpdates())).values).toEqual(live);
  });

  it('measures a running one, and leaves alone what was measured of it besides', () => {
    const events = fakeRun(3);
    const both$ = from(events as readonly RunRecord[]).pipe(
      connect((r$) => merge(r$, r$.pipe(parameterUpdates({ statistics: ['updateNorm'] })))),
    );
    const { values } = collect(both$.pipe(parameterUpdates({ statistics: ['stdRatio'] })));
    expect(values.map(({ step, columns }) => [step, Object.keys(columns)])).toEqual([
      [1, ['stdRatio']],
      [2, ['stdRatio']],
      [3, ['stdRatio']],
    ]);
  });

  it('errors at the end of a run whose updates were not measured; of one that had none, or chose none, it is empty', () => {
    const events = recorded(fakeRun(2));
    for (const [operator, name] of [
      [parameterUpdates(), 'parameterUpdates'],
      [parameterDrift(), 'parameterDrift'],
    ] as const) {
      const { values, error } = collect(from(events).pipe(operator as ReturnType<typeof parameterUpdates>));
      expect(values).toEqual([]);
      expect(String(error)).toContain(`record merge(events$, events$.pipe(${name}()))`);
    }
    expect(collect(from(events).pipe(parameterUpdates({ when: () => false })))).toMatchObject({ completed: true });
    expect(collect(of<RunRecord>(event('train-begin')).pipe(parameterUpdates()))).toMatchObject({ completed: true });
  });

  it('is no failure of the rules that need events only', () => {
    const spiking = recorded(fakeRun(60)).map((record) =>
      record.type === 'step-end'
        ? { ...record, loss: record.step === 50 ? 100 : 0.5 + 0.01 * Math.sin(record.step) }
        : record,
    );
    const { values, error } = collect(from(spiking).pipe(defaultRules()));
    expect(error).toBeUndefined();
    expect(values.map(({ rule }) => rule)).toContain('loss-spike');
  });
});
