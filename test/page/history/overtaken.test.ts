import fc from 'fast-check';
import { createParameterUpdates, reviveRecord } from 'trainscope';
import { describe, expect, it } from 'vitest';
import { type AnyRecord, Recorder } from '../../../src/page/history/recorder.js';
import type { RunHistory } from '../../../src/page/history/run-history.js';
import { updatesOf } from '../../helpers/updates.js';

const STEPS = 40;
const ALERT = { rule: 'r', severity: 'error', message: 'm', phase: 'begin', firstStep: 9 };

/** A whole training, as its worker posts it. */
function trainingOf(run: string): AnyRecord[] {
  const at = (step: number) => ({ run, step, epoch: step / 10, time: 1e12 + 10 * step });
  const steps = Array.from({ length: STEPS }, (_, i): AnyRecord[] => {
    const [step, loss] = [i + 1, 2 / (i + 1)];
    const told = { ...at(step), loss, learningRate: 0.1 };
    return [
      { type: 'step-end', ...told, durationMs: 10, examples: 4, observingMs: 1 } as AnyRecord,
      createParameterUpdates({ ...updatesOf({ w: loss }, { run, step }), ...told }),
      ...(step % 10 === 0 ? [{ type: 'evaluate', ...at(step), metrics: { accuracy: step / 100 } } as AnyRecord] : []),
      ...(step === 15 ? [{ type: 'alert', ...at(step), ...ALERT } as AnyRecord] : []),
    ];
  });
  return [
    { type: 'train-begin', ...at(0), maxSteps: STEPS } as AnyRecord,
    ...steps.flat(),
    { type: 'train-end', ...at(STEPS), time: 1e12 + 10 * STEPS + 1, status: 'completed' } as AnyRecord,
  ];
}

/** The page's histories, of what it was posted. */
function historiesOf(records: readonly AnyRecord[]): ReadonlyMap<string, RunHistory> {
  const recorder = new Recorder();
  for (const record of records) recorder.take(reviveRecord(structuredClone({ ...record })));
  return recorder.histories.runs;
}

/** What a page shows of a run: the numbers of each step, and what happened. */
function shownOf(run: RunHistory) {
  const ofSeries = (name: string) =>
    run.series.get(name)?.buckets.map(({ start, mean, min, max }) => [start, mean, min, max]);
  const { phase, step, end } = run.state.value;
  return {
    ...{ phase, step, end },
    loss: ofSeries('loss'),
    rate: ofSeries('learningRate'),
    accuracy: ofSeries('metric:eval/accuracy'),
    norms: run.parameters.row(0, 'updateNorm').map(({ start, min, max }) => [start, min, max]),
    marks: run.marks.all.map(({ kind, step: at, message }) => [kind, at, message]),
    omitted: run.omitted.value,
  };
}

const whole = trainingOf('a');
const [begin, ...others] = whole;
const inOrder = shownOf(historiesOf(whole).get('a')!);

/** Each comes up to some places later than it was sent. */
const jitter = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: whole.length, maxLength: whole.length });

describe('records that do not come in their order', () => {
  it('are shown by their steps: whatever overtakes what', () => {
    fc.assert(
      fc.property(jitter, (late) => {
        const places = others.map((record, i) => ({ record, place: i + late[i]! })).sort((a, b) => a.place - b.place);
        const runs = historiesOf([begin!, ...places.map(({ record }) => record)]);
        expect([...runs.keys()]).toEqual(['a']);
        expect(shownOf(runs.get('a')!)).toEqual(inOrder);
      }),
    );
  });

  it('and come twice, as a batch that is sent again, are shown once', () => {
    const any = fc.nat({ max: whole.length });
    fc.assert(
      fc.property(any, any, any, (one, other, sentAgainAt) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const at = Math.max(to, sentAgainAt);
        const runs = historiesOf([...whole.slice(0, at), ...whole.slice(from, to), ...whole.slice(at)]);
        expect([...runs.keys()]).toEqual(['a']);
        expect(shownOf(runs.get('a')!)).toEqual(inOrder);
      }),
    );
  });

  it('of two workers come as they come', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: whole.length, maxLength: 2 * whole.length }), (turns) => {
        const [a, b] = [trainingOf('a'), trainingOf('b')];
        const mixed = turns.flatMap((first) => (first ? a : b).shift() ?? []);
        const runs = historiesOf([...mixed, ...a, ...b]);
        for (const run of runs.values()) expect(shownOf(run)).toEqual(inOrder);
        expect([...runs.keys()].sort()).toEqual(['a', 'b']);
      }),
    );
  });

  it('of two workers that both call their run the same are two runs, where one begins after the other has trained', () => {
    const again = trainingOf('a').map(
      (record) => ({ ...record, time: (record as unknown as { time: number }).time + 1e6 }) as AnyRecord,
    );
    const runs = historiesOf([...whole, ...again]);
    expect([...runs.keys()]).toEqual(['a', 'a (2)']);
    for (const run of runs.values()) expect(shownOf(run)).toEqual(inOrder);
  });

  it('of two workers that call their runs the same at the same time are one that goes back and forth, which is said', () => {
    const other = trainingOf('a').map((record) => ({ ...record, time: 1e12 + 10 * STEPS }));
    const mixed = whole.slice(30).flatMap((record, i) => [record, other[i] ?? []].flat());
    const runs = historiesOf([...whole.slice(0, 30), ...mixed]);
    expect([...runs.keys()]).toEqual(['a', 'a (2)']);
    expect(runs.get('a (2)')!.marks.all.filter(({ kind }) => kind === 'resumed').length).toBeGreaterThan(0);
  });
});
