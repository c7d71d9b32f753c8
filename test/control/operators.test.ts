import { from, type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type AlertEvent,
  type ControlRequest,
  earlyStopping,
  type ParameterUpdates,
  type RunMemory,
  reduceOnPlateau,
  rollback,
  runMemory,
  steerUpdateRatio,
  stopOnAlert,
  type TrainingEvent,
  warmRestart,
} from '../../src/index.js';
import { event, fakeStep, updatesOf } from '../operators/fake-run.js';
import { collect } from '../operators/marbles.js';
import { evaluations, losses } from '../rules/numbers.js';

function requestsOf<T>(values: readonly T[], operator: OperatorFunction<T, ControlRequest>): ControlRequest[] {
  const { values: requests, error } = collect(from(values).pipe(operator));
  if (error) throw error;
  return requests;
}

const factorsOf = (requests: readonly ControlRequest[]) =>
  requests.map(({ command }) => (command.kind === 'scale-learning-rate' ? command.factor : command.kind));

const alert = (fields: Partial<AlertEvent> = {}) =>
  event('alert', {
    rule: 'non-finite',
    severity: 'error',
    phase: 'begin',
    message: 'NaN',
    firstStep: 3,
    step: 3,
    ...fields,
  });

describe('every control operator that remembers', () => {
  const flat = losses(...Array(40).fill(1));
  const at = (step: number, rate: number) =>
    Object.assign(updatesOf({ updateNorm: [rate], weightNorm: [1] }, { names: ['w'], step }), { learningRate: rate });
  const cut = event('control', {
    source: 'rollback',
    message: '',
    command: { kind: 'scale-learning-rate', factor: 0.1 },
  });
  const operators: Readonly<
    Record<string, [(memory?: RunMemory) => OperatorFunction<never, ControlRequest>, readonly unknown[]]>
  > = {
    earlyStopping: [
      (memory) => earlyStopping({ patience: 2, ...(memory && { memory }) }) as never,
      evaluations([6, 5, 6, 4, 5, 6].map((value) => [1, value] as const)),
    ],
    reduceOnPlateau: [
      (memory) => reduceOnPlateau({ steps: 3, patience: 1, cooldown: 2, ...(memory && { memory }) }) as never,
      flat,
    ],
    rollback: [
      (memory) => rollback({ every: 4, attempts: 2, ...(memory && { memory }) }) as never,
      [
        ...flat.slice(0, 6),
        alert(),
        ...flat.slice(6, 12),
        alert({ phase: 'end' }),
        ...flat.slice(12),
        alert(),
        alert(),
      ],
    ],
    steerUpdateRatio: [
      (memory) => steerUpdateRatio({ target: 1e-3, every: 3, ...(memory && { memory }) }) as never,
      [
        ...Array.from({ length: 12 }, (_, step) => at(step, 1e-2 / (step + 1))),
        cut,
        ...Array.from({ length: 12 }, (_, step) => at(step, 1e-3 / (step + 1))),
      ],
    ],
    warmRestart: [(memory) => warmRestart({ period: 4, ...(memory && { memory }) }) as never, flat],
  };

  it.each(Object.entries(operators))('%s goes on from its memory, wherever it was cut', (_name, [make, input]) => {
    const whole = requestsOf(input as never[], make());
    expect(whole.length).toBeGreaterThan(0);
    for (let cutAt = 0; cutAt <= input.length; cutAt++) {
      const memory = runMemory();
      const first = requestsOf(input.slice(0, cutAt) as never[], make(memory));
      const saved = JSON.parse(JSON.stringify(memory.save()));
      const rest = input.slice(cutAt) as never[];
      expect([...first, ...requestsOf(rest, make(runMemory(saved)))]).toEqual(whole);

      // A Trainer restores when it is steered already.
      const later = runMemory();
      const source = new Subject<never>();
      const { values } = collect(source.pipe(make(later)));
      later.restore(saved);
      for (const value of rest) source.next(value);
      expect([...first, ...values]).toEqual(whole);
    }
  });
});

describe('stopOnAlert', () => {
  it.each([
    ['an error', alert(), {}, ['stop']],
    ['a warning', alert({ severity: 'warning' }), {}, []],
    ['a warning, when it counts', alert({ severity: 'warning' }), { severity: 'warning' }, ['stop']],
    ['the end of an error', alert({ phase: 'end' }), {}, []],
    ['that of another rule', alert(), { rules: ['overfit'] }, []],
    ['an error whose cause is a guess', alert({ confidence: 'possible' }), {}, []],
    ['an error whose cause is known', alert({ confidence: 'certain' }), {}, ['stop']],
  ] as const)('%s', (_name, given, options, expected) => {
    expect(requestsOf([given], stopOnAlert(options)).map(({ command }) => command.kind)).toEqual(expected);
  });

  it('says why, and where', () => {
    expect(requestsOf([alert({ parameter: 'w' })], stopOnAlert())).toEqual([
      { command: { kind: 'stop' }, source: 'stopOnAlert', message: 'stop on non-finite: NaN', parameter: 'w' },
    ]);
  });

  it('refuses a severity that there is not', () => {
    expect(() => stopOnAlert({ severity: 'bad' as 'error' })).toThrow('severity: expected one of info, warning, error');
  });
});

/** Lightning's own table of tests: losses, patience, and the evaluation after which it stops. */
describe('earlyStopping', () => {
  const stepsOf = (values: readonly number[], options: Parameters<typeof earlyStopping>[0], name?: string) => {
    for (let n = 1; n <= values.length; n++) {
      const first = evaluations(
        values.slice(0, n).map((value) => [1, value] as const),
        name,
      );
      if (requestsOf(first, earlyStopping(options)).length > 0) return n;
    }
    return undefined;
  };
  it.each([
    ['it improves', [6, 5, 4, 3], { patience: 1 }, undefined],
    ['it does not, once', [6, 5, 6], { patience: 1 }, 3],
    ['an equal is no improvement', [6, 6, 6], { patience: 2 }, 3],
    ['improving begins anew', [6, 5, 6, 4, 5, 6], { patience: 2 }, 6],
    ['by less than the least', [6, 5.95, 5.9], { patience: 2, minDelta: 0.1 }, 3],
    ['more is better', [1, 2, 1, 1], { patience: 2, mode: 'max' }, 4],
    ['NaN', [6, Number.NaN], {}, 2],
    ['NaN, when that is well', [6, Number.NaN, 5], { checkFinite: false }, undefined],
    ['good enough', [6, 0.9], { stoppingThreshold: 1 }, 2],
    ['just not', [6, 1], { stoppingThreshold: 1 }, undefined],
    ['diverged', [6, 10.1], { divergenceThreshold: 10 }, 2],
    ['just not diverged', [6, 10], { divergenceThreshold: 10 }, undefined],
    ['a Trainer', [6, 6, 6, 6], {}, 4, 'eval_loss'],
    ['no loss', [6, 6, 6, 6], {}, undefined, 'accuracy'],
  ] as const)('%s', (_name, values, options, expected, name?: string) => {
    expect(stepsOf(values, options, name)).toBe(expected);
  });

  it('a metric that is missing is told with those that there are', () => {
    expect(() => requestsOf(evaluations([[1, 1]]), earlyStopping({ metric: 'accuracy' }))).toThrow(
      'metric: expected one of val_loss; got "accuracy"',
    );
  });
});

describe('reduceOnPlateau', () => {
  const flat = (n: number) => losses(...Array(n).fill(1));
  it.each([
    ['it improves', losses(...Array.from({ length: 300 }, (_, i) => 1 / (i + 1))), {}, []],
    ['flat for the patience', flat(22), { steps: 2 }, []],
    ['flat for longer', flat(24), { steps: 2 }, [0.1]],
    ['and again', flat(46), { steps: 2 }, [0.1, 0.010000000000000002]],
    ['a patience of 0', flat(3), { steps: 1, patience: 0 }, [0.1, 0.010000000000000002]],
    ['after a cooldown', flat(12), { steps: 1, patience: 1, cooldown: 3 }, [0.1, 0.010000000000000002]],
    ['down to the least', flat(20), { steps: 1, patience: 1, minFactor: 0.05 }, [0.1, 0.05]],
    [
      'NaN does not improve',
      losses(...Array(5).fill(Number.NaN)),
      { steps: 1, patience: 1 },
      [0.1, 0.010000000000000002],
    ],
    ['a metric', evaluations(Array(4).fill([1, 1])), { metric: 'val_loss', patience: 1 }, [0.1]],
    [
      'that is to rise',
      evaluations([
        [1, 1],
        [1, 2],
        [1, 3],
        [1, 4],
      ]),
      { metric: 'val_loss', patience: 1, mode: 'max' },
      [],
    ],
  ] as const)('%s', (_name, events, options, expected) => {
    expect(factorsOf(requestsOf(events as readonly TrainingEvent[], reduceOnPlateau(options)))).toEqual(expected);
  });

  it('refuses a factor that does not reduce', () => {
    expect(() => reduceOnPlateau({ factor: 1 })).toThrow('factor: expected a number between 0 and 1, got 1');
  });

  it.each([
    [{ mode: 'least' as 'min' }, 'mode: expected one of min, max; got "least"'],
    [{ thresholdMode: 'relative' as 'rel' }, 'thresholdMode: expected one of rel, abs; got "relative"'],
    [{ threshold: Number.NaN }, 'threshold: expected a number of at least 0, got NaN'],
    [{ cooldown: 0.5 }, 'cooldown: expected a whole number of at least 0, got 0.5'],
    [{ patience: -1 }, 'patience: expected a whole number of at least 0, got -1'],
  ])('refuses %o', (options, message) => {
    expect(() => reduceOnPlateau(options)).toThrow(message);
  });
});

describe('warmRestart', () => {
  it('falls by a cosine, starts again, and takes twice as long', () => {
    const requests = requestsOf(losses(...Array(12).fill(1)), warmRestart({ period: 4, minFactor: 0.1 }));
    const factors = factorsOf(requests) as number[];
    const cosine = (done: number, length: number) => 0.1 + (0.9 * (1 + Math.cos((Math.PI * done) / length))) / 2;
    expect(factors.slice(0, 4)).toEqual([cosine(1, 4), cosine(2, 4), cosine(3, 4), 1]);
    expect(factors.at(-1)).toBe(1);
    expect(requests[3]!.message).toBe('cycle 2 begins, of 8 steps');
  });

  it.each([12, 13, 20, 27, 3])('ends its last cycle with a run of %i steps', (maxSteps) => {
    const run = [event('train-begin', { step: 0, maxSteps }), ...losses(...Array(maxSteps).fill(1))];
    const requests = requestsOf(run, warmRestart({ period: 4, minFactor: 0.1 }));
    expect((factorsOf(requests).at(-1) as number) / 0.1).toBeLessThan(1.5);
  });

  it('asks only for changes worth an event', () => {
    expect(requestsOf(losses(...Array(999).fill(1)), warmRestart({ period: 1000 })).length).toBeLessThan(21);
  });

  it('refuses what makes no cycle', () => {
    expect(() => warmRestart({ period: 0 })).toThrow('period: expected a positive integer, got 0');
    expect(() => warmRestart({ period: 5, minFactor: 1 })).toThrow('minFactor: expected a number between 0 and 1');
  });
});

/** A loop whose update ratio is proportional to its rate, as Adam's is, under the operator's control. */
function steered(
  steps: number,
  rateAt: (step: number) => number,
  options: Parameters<typeof steerUpdateRatio>[0] = {},
  loop: {
    readonly ratio?: (rate: number, step: number) => number;
    readonly loss?: (step: number) => number;
    readonly maxSteps?: number | undefined;
  } = {},
) {
  const { ratio = (rate) => rate, loss, maxSteps } = loop;
  let factor = 1;
  const rates: number[] = [];
  const requests: ControlRequest[] = [];
  const updates$ = new Subject<ParameterUpdates<'updateNorm' | 'weightNorm'>>();
  // Fed one by one: what it asks for changes the next update.
  updates$.pipe(steerUpdateRatio<'updateNorm'>(options)).subscribe((request) => {
    requests.push(request);
    if (request.command.kind === 'scale-learning-rate') factor = request.command.factor;
  });
  for (let step = 1; step <= steps; step++) {
    const rate = rateAt(step) * factor;
    rates.push(rate);
    const update = updatesOf({ updateNorm: [ratio(rate, step)], weightNorm: [1] }, { names: ['a/w'], step });
    const known = { ...(loss && { loss: loss(step) }), ...(maxSteps !== undefined && { maxSteps }) };
    updates$.next(Object.assign(update, { learningRate: rate, ...known }));
  }
  return { rates, requests };
}

describe('steerUpdateRatio', () => {
  it.each([1e-6, 1e-4, 1e-1, 1])('brings the median update ratio from %d to its target, and rests there', (rate) => {
    const { rates, requests } = steered(100, () => rate, { target: 1e-3, min: 1e-9 });
    expect(rates.at(-1)! / 1e-3).toBeGreaterThan(0.9);
    expect(rates.at(-1)! / 1e-3).toBeLessThan(1.1);
    expect(requests.length).toBeLessThan(12);
  });

  it('keeps the rate within its bounds', () => {
    expect(Math.max(...steered(50, () => 1e-5, { target: 1, max: 1e-2 }).rates) / 1e-2).toBeCloseTo(1);
    expect(Math.min(...steered(50, () => 1e-1, { target: 1e-9, min: 1e-4 }).rates) / 1e-4).toBeCloseTo(1);
  });

  it('moves by at most ten times at a correction, and by the damped share of the distance', () => {
    const [, , , , , sixth] = steered(6, () => 1e-5, { target: 1e-3, damping: 0.5 }).rates;
    expect(sixth! / 1e-5).toBeCloseTo(10);
    expect(steered(6, () => 1e-4, { target: 1e-3, damping: 0.5 }).rates[5]! / 1e-4).toBeCloseTo(Math.sqrt(10));
  });

  it('waits while a schedule warms up', () => {
    expect(steered(50, (step) => step * 1e-2).requests).toEqual([]);
  });

  it('falls with a schedule that falls', () => {
    const { rates } = steered(200, (step) => (step < 100 ? 1e-2 : 1e-3), { target: 1e-3 });
    expect(rates[98]!).toBeGreaterThan(0.8e-3);
    expect(rates.at(-1)!).toBeGreaterThan(0.8e-4);
    expect(rates.at(-1)!).toBeLessThan(1.2e-4);
  });

  it('takes the cut of a rollback for no schedule: the target stays', () => {
    const at = (step: number, rate: number) =>
      Object.assign(updatesOf({ updateNorm: [rate], weightNorm: [1] }, { names: ['w'], step }), { learningRate: rate });
    const scaled = (source: string, more: object = {}) =>
      event('control', { source, message: '', command: { kind: 'scale-learning-rate', factor: 0.1 }, ...more });
    const steered = (told: TrainingEvent) =>
      requestsOf(
        [...[1, 2, 3, 4, 5].map((step) => at(step, 9.7e-3)), told, ...[6, 7, 8, 9, 10].map((step) => at(step, 9.7e-4))],
        steerUpdateRatio({ target: 1e-2 }),
      );
    // Nothing to correct before; after the cut to a tenth, half of the way back on the logarithm.
    expect(factorsOf(steered(scaled('rollback')))).toEqual([expect.closeTo(Math.sqrt(1e-2 / 9.7e-4))]);
    expect(steered(scaled('reduceOnPlateau'))).toEqual([]);
    expect(steered(scaled('rollback', { refused: true }))).toEqual([]);
  });

  /** Of a loop that converges: its gradients, and so its ratios, shrink with the loss. */
  const converging = (step: number) => Math.exp(-step / 20);

  it('does not raise the rate as a run converges, whether its length is known or not', () => {
    const slowly = (step: number) => Math.exp(-step / 100);
    for (const maxSteps of [undefined, 300]) {
      const { rates } = steered(
        300,
        () => 1e-3,
        { target: 3e-3 },
        { ratio: (rate, step) => 10 * rate * slowly(step), loss: slowly, maxSteps },
      );
      expect(Math.max(...rates)).toBe(1e-3);
    }
  });

  it('doubles, at most, the rate that the opening ended with, while the loss still falls steeply', () => {
    const { rates } = steered(
      300,
      () => 1e-3,
      { target: 3e-3 },
      { ratio: (rate, step) => 10 * rate * converging(step), loss: converging },
    );
    expect(Math.max(...rates) / 2e-3).toBeCloseTo(1);
  });

  it('looks for the rate of a short run for as long as its weights have hardly moved', () => {
    const { rates } = steered(40, () => 1e-5, { target: 1e-3 }, { loss: () => 1, maxSteps: 40 });
    expect(rates.at(-1)! / 1e-3).toBeGreaterThan(0.9);
  });

  it('does not judge the loss by a few updates', () => {
    const rising = (steps: number) =>
      steered(steps, () => 3e-2, {}, { loss: (step) => step }).requests.map(({ command }) => command.kind);
    expect(rising(9)).toEqual([]);
    expect(rising(10)).toEqual(['scale-learning-rate']);
  });

  it('does not undo the decay of a cosine schedule, to its end', () => {
    const cosine = (step: number) => (1e-2 * (1 + Math.cos((Math.PI * step) / 200))) / 2;
    const { rates } = steered(
      199,
      cosine,
      {},
      { ratio: (rate, step) => rate * converging(step), loss: converging, maxSteps: 200 },
    );
    expect(rates.at(-1)! / Math.max(...rates)).toBeLessThan(1e-3);
  });

  describe('under a schedule that decays, while the loss falls', () => {
    const cosine = (step: number) => (1e-2 * (1 + Math.cos((Math.PI * step) / 200))) / 2;
    const slowly = (step: number) => Math.exp(-step / 400);
    const onCosine = (ratio: (rate: number, step: number) => number) =>
      steered(199, cosine, {}, { ratio, loss: slowly, maxSteps: 200 });

    it('goes back on a cut, to the rate that was set at most', () => {
      const { pre } = fakeStep(1, { w: [1] }, { w: [2] });
      const at = (step: number, learningRate: number, ratio: number) =>
        Object.assign(updatesOf({ updateNorm: [ratio], weightNorm: [1] }, { names: ['w'], step }), {
          ...{ learningRate, loss: slowly(step) },
        });
      const source = new Subject<TrainingEvent | ReturnType<typeof at>>();
      const factors: number[] = [];
      source.pipe(steerUpdateRatio()).subscribe(({ command }) => {
        if (command.kind === 'scale-learning-rate') factors.push(command.factor);
      });
      source.next(pre);
      for (let step = 1; step < 200; step++) {
        const rate = cosine(step) * (factors.at(-1) ?? 1);
        source.next(at(step, rate, 100 * rate * Math.exp(-step / 15)));
      }
      expect(factors.slice(0, 2)).toEqual([1e-3, expect.closeTo(0.107, 2)]);
      expect(factors.at(-1)).toBe(1);
    });

    it('lets the ratio fall more slowly than the rate, and the rate to its end', () => {
      const { rates } = onCosine((rate) => 2 * rate);
      const factors = rates.map((rate, i) => rate / cosine(i + 1));
      expect(Math.max(...factors)).toBeGreaterThan(1.5);
      expect(Math.max(...factors)).toBeLessThanOrEqual(2);
      expect(rates.at(-1)! / rates[0]!).toBeLessThan(1e-3);
    });
  });

  it('raises only in the opening, and by no more than it may', () => {
    const slow = { ratio: (rate: number) => rate * 1e-3, loss: (step: number) => 1 - step / 1000 };
    expect(Math.max(...steered(200, () => 1e-4, { mostRaise: 10 }, slow).rates) / 1e-3).toBeCloseTo(1);
    const late = { ...slow, ratio: (rate: number, step: number) => (step <= 100 ? 1 : 1e-3) * rate, maxSteps: 300 };
    expect(Math.max(...steered(300, () => 2e-2, {}, late).rates)).toBe(2e-2);
  });

  it('raises nothing while the loss rises and the weights have moved', () => {
    const rising = { ratio: () => 1e-2, loss: (step: number) => step };
    expect(
      Math.max(
        ...steered(25, () => 1e-3, {}, rising).requests.map(({ command }) =>
          command.kind === 'scale-learning-rate' ? command.factor : 0,
        ),
      ),
    ).toBeLessThan(3);
  });

  it('gives up on a net that is dead, with the rate that was set, and says so once', () => {
    const { rates, requests } = steered(
      100,
      () => 0.3,
      {},
      { ratio: (rate, step) => (step < 8 ? rate : 0), loss: () => 2.3 },
    );
    expect(requests.at(-1)!.message).toBe('it gives up: at least half of the layers have not moved for 20 updates');
    expect(rates.at(-1)).toBe(0.3);
    expect(Math.max(...rates)).toBe(0.3);
  });

  it('makes the first update at a thousandth, and from then on none that is far too large', () => {
    const { pre } = fakeStep(1, { w: [1] }, { w: [2] });
    const first = Object.assign(updatesOf({ updateNorm: [1e-3], weightNorm: [1] }, { names: ['w'], step: 1 }), {
      learningRate: 1e-3,
    });
    expect(factorsOf(requestsOf([pre, first, pre], steerUpdateRatio({ target: 1e-2 })))).toEqual([
      1e-3,
      expect.closeTo(0.05),
    ]);
    const well = Object.assign(updatesOf({ updateNorm: [1e-5], weightNorm: [1] }, { names: ['w'], step: 1 }), {
      learningRate: 1e-3,
    });
    expect(factorsOf(requestsOf([pre, well, pre], steerUpdateRatio({ target: 1e-2 })))).toEqual([1e-3, 1]);
  });

  it('says nothing of steps without a ratio: nothing moved, NaN, a rate of 0', () => {
    const odd = [0, Number.NaN, Infinity].flatMap((norm) =>
      Array.from({ length: 10 }, () => updatesOf({ updateNorm: [norm], weightNorm: [1] }, { names: ['w'] })),
    );
    expect(requestsOf(odd, steerUpdateRatio())).toEqual([]);
    const still = Array.from({ length: 10 }, () =>
      Object.assign(updatesOf({ updateNorm: [1], weightNorm: [1] }, { names: ['w'] }), { learningRate: 0 }),
    );
    expect(requestsOf(still, steerUpdateRatio())).toEqual([]);
  });

  it('takes the median over layers: a bias of zeros counts with its kernel', () => {
    const updates = Array.from({ length: 5 }, (_, i) =>
      updatesOf(
        { updateNorm: [3, 4, 1, 9], weightNorm: [10, 0, 10, 1] },
        { names: ['a/k', 'a/b', 'b/k', 'c/k'], step: i },
      ),
    );
    expect(requestsOf(updates, steerUpdateRatio())[0]!.message).toBe('the median update ratio is 0.5, its target 0.02');
  });

  it('refuses bounds and damping that are none', () => {
    expect(() => steerUpdateRatio({ min: 1, max: 0.1 })).toThrow('min: expected at most max, 0.1; got 1');
    expect(() => steerUpdateRatio({ damping: 0 })).toThrow('damping: expected a number above 0, up to 1; got 0');
    expect(() => steerUpdateRatio({ target: 0 })).toThrow('target: expected a positive number, got 0');
  });
});

describe('rollback', () => {
  const steps = (from: number, to: number): TrainingEvent[] =>
    Array.from({ length: to - from + 1 }, (_, i) => {
      const { pre, end } = fakeStep(from + i, { w: [1] }, { w: [2] });
      return [pre, end];
    }).flat();
  const brief = (requests: readonly ControlRequest[]) =>
    requests.map(({ command }) =>
      command.kind === 'rollback'
        ? `rollback before ${command.beforeStep}`
        : factorsOf([{ command } as ControlRequest])[0],
    );

  it('asks for a checkpoint before the first update, and then every so many steps', () => {
    expect(brief(requestsOf(steps(1, 10), rollback({ every: 4 })))).toEqual(['save', 'save', 'save']);
  });

  it('goes back to before the trouble, lowers the rate, and saves none while it goes on', () => {
    const trouble = { firstStep: 3, step: 5 };
    const events = [
      ...steps(1, 5),
      alert(trouble),
      ...steps(6, 30),
      alert({ ...trouble, phase: 'end' }),
      ...steps(31, 31),
    ];
    expect(brief(requestsOf(events, rollback({ every: 10 })))).toEqual([
      'save',
      'rollback before 3',
      0.1,
      'save',
      expect.closeTo(0.178, 3),
    ]);
  });

  it('saves again after a trouble whose end is told as harmless, as that of a loss is by a Trainer', () => {
    const events = [
      ...steps(1, 5),
      alert({ step: 5 }),
      alert({ step: 6, severity: 'info', phase: 'end' }),
      ...steps(6, 20),
    ];
    expect(brief(requestsOf(events, rollback({ every: 10 })))).toEqual([
      'save',
      'rollback before 3',
      0.1,
      'save',
      expect.closeTo(0.178, 3),
    ]);
  });

  it('saves none while one of two troubles in one place goes on', () => {
    const over = alert({ phase: 'end', step: 5 });
    const both = [...steps(1, 5), alert({ step: 5 }), alert({ step: 5 }), over, ...steps(6, 20)];
    const saves = (events: readonly TrainingEvent[]) =>
      brief(requestsOf(events, rollback({ every: 10 }))).filter((one) => one === 'save').length;
    expect(saves(both)).toBe(1);
    expect(saves([...both, over, ...steps(21, 21)])).toBe(2);
  });

  it('lowers the rate further each time, and gives up', () => {
    const requests = requestsOf([alert(), alert(), alert()], rollback({ factor: 0.5, attempts: 2 }));
    expect(brief(requests)).toEqual(['rollback before 3', 0.5, 'rollback before 3', 0.25, 'stop']);
    expect(requests.at(-1)!.message).toBe('rolled back 2 times without a cure; non-finite since step 3');
  });

  it('lets the rate come back while all is well; and after a second trouble there, to below it', () => {
    const well = (from: number) => steps(from, from + 39);
    const over = alert({ phase: 'end' });
    const once = [...steps(1, 3), alert(), over, ...well(4)];
    const rates = (events: readonly TrainingEvent[]) =>
      brief(requestsOf(events, rollback({ every: 5 }))).filter((one) => typeof one === 'number');
    expect(rates(once).at(-1)).toBe(1);
    expect(rates([...once, alert({ step: 43 }), over, ...well(44)]).at(-1)).toBeCloseTo(Math.sqrt(0.1));
  });

  it('passes over warnings, and rules that it is not told of', () => {
    expect(requestsOf([alert({ severity: 'warning' })], rollback())).toEqual([]);
    expect(requestsOf([alert()], rollback({ rules: ['exploding-updates'] }))).toEqual([]);
  });

  it('refuses a factor that raises the rate', () => {
    expect(() => rollback({ factor: 2 })).toThrow('factor: expected a number above 0, up to 1; got 2');
  });
});
