import * as tf from '@tensorflow/tfjs';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type AlertEvent,
  createRule,
  type RuleFinding,
  type RuleOptions,
  runMemory,
  type SavedMemory,
  type StepEndEvent,
} from '../../src/index.js';
import { instrument } from '../../src/tfjs.js';
import { event } from '../operators/fake-run.js';
import { alertsOf, brief } from './numbers.js';

/** A rule that finds, step by step, what it is told: parameters in trouble, `undefined` for no judgement. */
function scripted(steps: readonly (readonly (string | RuleFinding)[] | undefined)[], options: RuleOptions = {}) {
  const rule = createRule<StepEndEvent, object>(
    {
      name: 'scripted',
      severity: 'warning',
      patience: 1,
      recovery: 2,
      start: () => ({}),
      judge: ({ step }) =>
        steps[step - 1]?.map((found) =>
          typeof found === 'string' ? { parameter: found, what: 'it is ill', advice: 'Mend it.' } : found,
        ),
    },
    options,
  );
  return alertsOf(
    steps.map((_, i) => event('step-end', { step: i + 1 })),
    rule,
  );
}

describe('createRule', () => {
  it('says what, where, since when, and what to try', () => {
    expect(scripted([['w'], [], []])).toEqual([
      {
        type: 'alert',
        run: 'test',
        step: 1,
        epoch: 0,
        time: 0,
        rule: 'scripted',
        severity: 'warning',
        phase: 'begin',
        parameter: 'w',
        message: 'w: it is ill, since step 1. Mend it.',
        firstStep: 1,
        lastStep: 1,
      },
      {
        type: 'alert',
        run: 'test',
        step: 3,
        epoch: 0,
        time: 0,
        rule: 'scripted',
        severity: 'warning',
        phase: 'end',
        parameter: 'w',
        message: 'w: scripted is over; seen from step 1 to 1',
        firstStep: 1,
        lastStep: 1,
      },
    ]);
  });

  it.each([
    [
      'a flicker is one trouble',
      [['w'], [], ['w'], [], ['w'], [], []],
      {},
      ['begin warning w 1-1', 'end warning w 1-7'],
    ],
    ['patience is in a row', [['w'], [], ['w'], ['w']], { patience: 2 }, ['begin warning w 3-4']],
    [
      'no judgement is neither',
      [['w'], undefined, ['w'], [], undefined, []],
      { patience: 2 },
      ['begin warning w 1-3', 'end warning w 1-6'],
    ],
    [
      'each parameter by itself',
      [['a'], ['a', 'b'], ['b'], []],
      {},
      ['begin warning a 1-1', 'begin warning b 2-2', 'end warning a 1-4'],
    ],
    [
      'it begins anew after its end',
      [['w'], [], [], ['w']],
      {},
      ['begin warning w 1-1', 'end warning w 1-3', 'begin warning w 4-4'],
    ],
    [
      'what began at once ends at once',
      [['a', 'b'], ['b'], ['b'], [], []],
      {},
      ['begin warning a 1-1', 'end warning a 1-5'],
    ],
  ] as const)('%s', (_name, steps, options, expected) => {
    expect(brief(scripted(steps, options))).toEqual(expected);
  });

  it('names the worst of those that begin at once, and all', () => {
    const ill = (parameter: string, value: number): RuleFinding => ({
      parameter,
      value,
      threshold: 1,
      what: 'ill',
      advice: 'Mend.',
    });
    const [alert] = scripted([[ill('a', 2), ill('b', 0.001), ill('c', 3)]]);
    expect(alert).toMatchObject({
      parameter: 'b',
      parameters: ['a', 'b', 'c'],
      value: 0.001,
      message: 'b and 2 more: ill, since step 1. Mend.',
    });
  });

  const of = (what: string, more: Partial<RuleFinding> = {}): RuleFinding => ({ what, advice: 'Mend it.', ...more });
  const said = (alerts: readonly AlertEvent[]) => alerts.map(({ phase, message }) => `${phase} ${message}`);

  it('tells of two findings of the whole run: each begins and ends by itself', () => {
    const [hot, slow] = [of('it is hot', { trouble: 'heat' }), of('it is slow', { trouble: 'speed' })];
    const alerts = scripted([[hot, slow], [slow], [slow], [slow], [], []]);
    expect(brief(alerts)).toEqual(['begin warning 1-1', 'begin warning 1-1', 'end warning 1-3', 'end warning 1-6']);
    expect(said(alerts).slice(0, 2)).toEqual([
      'begin it is hot, since step 1. Mend it.',
      'begin it is slow, since step 1. Mend it.',
    ]);
    expect(alerts.every((alert) => !('parameter' in alert) && !('parameters' in alert))).toBe(true);
  });

  it.each([
    ['the whole run', undefined],
    ['one parameter', 'w'],
  ])('tells of two findings of %s that name no trouble', (_name, parameter) => {
    const both = ['it is hot', 'it is slow'].map((what) => of(what, parameter ? { parameter } : {}));
    const alerts = scripted([both, both, [], []]);
    expect(alerts.map(({ phase }) => phase)).toEqual(['begin', 'begin', 'end', 'end']);
    expect(alerts.slice(0, 2).map(({ message }) => message)).toEqual([
      expect.stringContaining('it is hot'),
      expect.stringContaining('it is slow'),
    ]);
  });

  it('tells of two findings of one name', () => {
    const same = [of('it is hot', { trouble: 'heat' }), of('it is hotter', { trouble: 'heat' })];
    expect(brief(scripted([same]))).toEqual(['begin warning 1-1', 'begin warning 1-1']);
  });

  it('puts a finding of the whole run into no alert of parameters', () => {
    const alerts = scripted([
      [of('a is ill', { parameter: 'a' }), of('it is hot'), of('b is ill', { parameter: 'b' })],
    ]);
    expect(alerts.map(({ parameter, parameters }) => [parameter, parameters])).toEqual([
      ['a', ['a', 'b']],
      [undefined, undefined],
    ]);
  });

  it('keeps parameters of different troubles in alerts of their own', () => {
    const at = (parameter: string, trouble: string) => of(`${trouble} of ${parameter}`, { parameter, trouble });
    const alerts = scripted([[at('a', 'heat'), at('b', 'heat'), at('a', 'speed')]]);
    expect(alerts.map(({ parameters, parameter }) => parameters ?? parameter)).toEqual([['a', 'b'], 'a']);
  });

  it('names parameters in the order in which they were found, whatever their names', () => {
    const names = ['10', '', '2', '["a"]'];
    const alerts = scripted([names, [], []]);
    expect(alerts.map(({ parameters }) => parameters)).toEqual([names, names]);
  });

  it('takes the step since which it goes on from a rule that knows', () => {
    expect(brief(scripted([[], [], [], [of('it grows', { since: 2 })]]))).toEqual(['begin warning 2-4']);
  });

  it('ends a trouble that gets worse, and begins it again, since the same step', () => {
    const worse: RuleFinding = { parameter: 'w', severity: 'error', what: 'ill', advice: 'Mend.' };
    const alerts = scripted([['w'], ['w'], [worse], [worse]]);
    expect(brief(alerts)).toEqual(['begin warning w 1-1', 'end warning w 1-3', 'begin error w 1-3']);
    expect(alerts[1]!.message).toBe('w: scripted has become worse, since step 1');
  });

  it('asks for words that are made only where an alert begins', () => {
    let made = 0;
    const words = (text: string) => () => `${text} ${++made}`;
    const ill = ['a', 'b'].map((parameter) => ({ parameter, what: words('ill'), advice: words('Mend') }));
    const alerts = scripted([ill, ill, ill, [], []], { patience: 2 });
    expect(said(alerts)).toEqual(['begin a and 1 more: ill 1, since step 1. Mend 2', expect.stringContaining('end')]);
    expect(made).toBe(2);
  });

  it('knows no parameter by a name of Object.prototype', () => {
    expect(brief(scripted([['constructor'], ['constructor']]))).toEqual(['begin warning constructor 1-1']);
  });

  it('a rule that throws stops neither the training nor the others', async () => {
    const w = tf.variable(tf.scalar(1));
    const optimizer = tf.train.sgd(0.1);
    const training = instrument(optimizer, { onSinkError: () => {} });
    const broken = createRule<StepEndEvent, object>({
      name: 'broken',
      severity: 'info',
      start: () => ({}),
      judge: () => {
        throw new Error('in judge');
      },
    });
    const steps$ = new Subject<StepEndEvent>();
    training.events$.subscribe((each) => each.type === 'step-end' && steps$.next(each));
    training.report(steps$.pipe(broken));
    const found: RuleFinding = { what: 'ill', advice: 'Mend.' };
    const sound = createRule<StepEndEvent, object>({
      name: 'sound',
      severity: 'info',
      start: () => ({}),
      judge: () => [found],
    });
    training.report(steps$.pipe(sound));
    const types: string[] = [];
    training.events$.subscribe(({ type }) => types.push(type));
    for (let i = 0; i < 2; i++) optimizer.minimize(() => w.square() as tf.Scalar);
    steps$.complete();
    expect(await training.close()).toMatchObject([{ sink: 'report', message: expect.stringContaining('in judge') }]);
    expect(types.filter((type) => type === 'step-end')).toHaveLength(2);
    expect(types.filter((type) => type === 'alert')).toHaveLength(1);
    w.dispose();
    optimizer.dispose();
  });
});

describe('runMemory', () => {
  it('keeps the state of two subscriptions of one rule apart', () => {
    const memory = runMemory();
    const count = (_: unknown, state: { seen: number }) => {
      state.seen++;
      return [];
    };
    const make = () =>
      createRule<StepEndEvent, { seen: number }>(
        { name: 'counter', severity: 'info', start: () => ({ seen: 0 }), judge: count },
        { memory },
      );
    alertsOf([event('step-end'), event('step-end')], make());
    alertsOf([event('step-end')], make());
    expect(memory.save()).toEqual({
      counter: { state: { seen: 2 }, suspects: {}, troubles: [] },
      'counter/2': { state: { seen: 1 }, suspects: {}, troubles: [] },
    });
  });

  it('keeps what no rule has asked for', () => {
    expect(runMemory({ other: 1 }).save()).toEqual({ other: 1 });
  });

  it('says who goes on from what was saved', () => {
    const rule = (name: string) =>
      createRule<StepEndEvent, { seen: number }>(
        { name, severity: 'info', start: () => ({ seen: 0 }), judge: () => [] },
        { memory },
      );
    const memory = runMemory();
    alertsOf([event('step-end')], rule('early'));
    const state = { state: { seen: 3 }, suspects: {}, troubles: [] };
    memory.restore({ early: state, late: state, never: state });
    expect([...memory.resumed]).toEqual(['early']);
    alertsOf([event('step-end')], rule('late'));
    expect([...memory.resumed]).toEqual(['early', 'late']);
    expect(memory.save()).toEqual({ early: state, late: state, never: state });
    memory.restore({});
    expect([...memory.resumed]).toEqual([]);
  });

  it('refuses what save() did not give', () => {
    expect(() => runMemory([] as unknown as SavedMemory)).toThrow('saved: expected what save() gave, got []');
  });
});
