import fc from 'fast-check';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type ControlRequest,
  type NamedArrays,
  type ObserveOptions,
  observe,
  type ParameterUpdates,
  parameterUpdates,
  type SinkErrorEvent,
  type TrainingEvent,
} from '../../src/index.js';

function record(parameters: NamedArrays | (() => NamedArrays), options: ObserveOptions = {}) {
  const told: SinkErrorEvent[] = [];
  const run = observe(parameters, { onSinkError: (event) => told.push(event), ...options });
  const events: TrainingEvent[] = [];
  const updates: ParameterUpdates[] = [];
  run.events$.subscribe((event) => events.push(event));
  run.events$.pipe(parameterUpdates()).subscribe((each) => updates.push(each));
  return { run, events, updates, told, types: () => events.map(({ type }) => type) };
}

const STEP = ['step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'];
const ask = (command: ControlRequest['command'], source = 'test'): ControlRequest => ({
  command,
  source,
  message: 'why',
});

describe('observe()', () => {
  it('publishes a loop over arrays that it writes in place, as every source does', async () => {
    const w = Float32Array.of(3, 4);
    const plan = { numEpochs: 1, stepsPerEpoch: 4 };
    const { run, events, updates, types } = record({ w }, { run: 'by-hand', plan, config: { rate: 0.1, warm: true } });
    for (let i = 0; i < 2; i++) {
      const gradients = { w: Float32Array.of(0.5, 0) };
      expect(run.step({ loss: 2 - i, learningRate: 0.1, gradients, examples: 8, tokens: 5 }, () => w.fill(i))).toBe(w);
    }
    expect(run.stepsDone).toBe(2);
    await run.close();
    expect(types()).toEqual(['train-begin', ...STEP, ...STEP, 'train-end']);
    expect(events[0]).toMatchObject({ run: 'by-hand', maxSteps: 4, numEpochs: 1, config: { rate: 0.1, warm: true } });
    expect(events[4]).toMatchObject({ step: 1, epoch: 0.25, loss: 2, learningRate: 0.1, examples: 8, tokens: 5 });
    expect(events.at(-1)).toMatchObject({ type: 'train-end', status: 'completed', step: 2, epoch: 0.5 });
    expect(updates[0]!.of('w')).toMatchObject({
      updateNorm: 5,
      weightNorm: 5,
      updateRatio: 1,
      gradientNorm: 0.5,
      size: 2,
    });
    expect(updates[1]!.of('w')).toMatchObject({ updateNorm: Math.SQRT2, weightNorm: 0, updateRatio: Infinity });
  });

  it('takes Float64Array, plain arrays, integers and numbers, and sees those that are replaced in the object', async () => {
    const parameters = { f: Float64Array.of(1e-9), plain: [1, 2], count: Int32Array.of(7), scale: 2 };
    const { run, updates } = record(parameters);
    run.step({}, () => {
      parameters.f[0]! += 1e-15;
      parameters.plain = [1, 5];
      parameters.count[0] = 9;
      parameters.scale = 2.5;
    });
    await run.close();
    const norms = Object.fromEntries([...updates[0]!].map(({ name, updateNorm }) => [name, updateNorm]));
    expect(norms).toEqual({ f: expect.closeTo(1e-15, 20), plain: 3, count: 2, scale: 0.5 });
  });

  it('measures what a naive twin in float64 does, whatever the arrays hold', async () => {
    const values = fc.array(fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e6, max: 1e6 }), {
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(values, fc.boolean(), async (before, single) => {
        const w: Float32Array | Float64Array = single ? Float32Array.from(before) : Float64Array.from(before);
        const after = w.map((v, i) => v * 0.99 + i);
        let squares = 0;
        for (let i = 0; i < w.length; i++) squares += (after[i]! - w[i]!) ** 2;
        const { run, updates } = record({ w });
        run.step({}, () => w.set(after));
        await run.close();
        const { updateNorm } = updates[0]!.of('w');
        expect(Math.abs(updateNorm - Math.sqrt(squares))).toBeLessThanOrEqual(1e-6 * Math.sqrt(squares));
      }),
      { numRuns: 60 },
    );
  });

  it('follows parameters that come, go and change their size, from a function', async () => {
    let now: NamedArrays = { a: [1], b: [1, 2] };
    const { run, updates } = record(() => now);
    run.step({}, () => {
      now = { a: [2], c: [5] };
    });
    run.step({}, () => {
      now = { a: [2, 3], c: [6] };
    });
    await run.close();
    const norms = updates.map((each) =>
      Object.fromEntries([...each].map(({ name, updateNorm }) => [name, updateNorm])),
    );
    expect(norms).toEqual([
      { a: 1, b: Number.NaN },
      { a: Number.NaN, c: 1 },
    ]);
  });

  it('waits for parameters that lie elsewhere, and for an async update', async () => {
    const far = { w: [1, 2] };
    const run = observe(async () => structuredClone(far));
    const norms: number[] = [];
    run.events$.pipe(parameterUpdates()).subscribe((updates) => norms.push(updates.of('w').updateNorm));
    const result = await run.step({ loss: 1 }, async () => {
      await Promise.resolve();
      far.w = [4, 6];
      return 'done';
    });
    await run.close();
    expect([result, norms]).toEqual(['done', [5]]);
  });

  it('ends the step of an async update when it is settled, and gives its very promise', async () => {
    const w = [1];
    const { run, types } = record({ w });
    const promise = Promise.resolve().then(() => {
      w[0] = 2;
    });
    expect(run.step({}, () => promise)).toBe(promise);
    expect(types()).toEqual(['train-begin', 'step-begin', 'pre-optimizer-step']);
    await promise;
    await Promise.resolve();
    expect(types().slice(3)).toEqual(['optimizer-step', 'step-end']);
    await run.close();
  });

  it('times a step from beginStep(), and tells of epochs, logs, evaluations and checkpoints', async () => {
    const w = [0];
    const { run, events, types } = record({ w }, { plan: { stepsPerEpoch: 1 } });
    for (let epoch = 0; epoch < 2; epoch++) {
      run.publish({ type: 'epoch-begin' });
      run.beginStep();
      await new Promise((resolve) => setTimeout(resolve, 15));
      run.step({}, () => w[0]!++);
      run.publish({ type: 'epoch-end' });
      run.publish({ type: 'evaluate', metrics: { eval_loss: 1 } });
      run.publish({ type: 'save', path: 'here' });
    }
    await run.close();
    const epoch = ['epoch-begin', ...STEP, 'epoch-end', 'evaluate', 'save'];
    expect(types()).toEqual(['train-begin', ...epoch, ...epoch, 'train-end']);
    const ends = events.filter((event) => event.type === 'step-end');
    expect(ends.map((event) => event.epoch)).toEqual([1, 2]);
    for (const { durationMs } of ends) expect(durationMs).toBeGreaterThan(10);
    expect(() => observe({}, { config: ['adam'] as never })).toThrow('config: expected hyperparameters by name, got');
    expect(() => run.publish({ type: 'step-end' } as never)).toThrow('type: expected one of epoch-begin');
  });
});

describe('a loop over arrays, steered', () => {
  const bowl = () => {
    const w = Float64Array.of(2);
    const recorded = record({ w });
    const { run } = recorded;
    const step = (base = 0.1) => {
      const learningRate = run.learningRate(base);
      return run.step({ loss: w[0]! ** 2, learningRate }, () => {
        w[0]! -= learningRate;
        return learningRate;
      });
    };
    return { ...recorded, w, step };
  };
  const controls = (events: readonly TrainingEvent[]) =>
    events.flatMap((event) => (event.type === 'control' ? [[event.command.kind, event.message, event.refused]] : []));

  it('updates at the rate that control makes of it, until the loop sets another', () => {
    const { run, step } = bowl();
    expect(step()).toBe(0.1);
    run.steer(of(ask({ kind: 'scale-learning-rate', factor: 0.5 })));
    expect(step()).toBe(0.05);
    run.steer(of(ask({ kind: 'set-learning-rate', learningRate: 0.2 })));
    expect([step(), step(), step(0.3), step(0.3)]).toEqual([0.1, 0.1, 0.15, 0.15]);
  });

  it('stops, skips, saves and rolls back, and tells of each', async () => {
    const { run, step, w, events } = bowl();
    step();
    run.steer(of(ask({ kind: 'save' })));
    step();
    run.steer(of(ask({ kind: 'skip-step' })));
    expect(step()).toBeUndefined();
    expect(run.stepsDone).toBe(3);
    expect(w[0]).toBeCloseTo(1.8);
    run.steer(of(ask({ kind: 'rollback' })));
    expect(w[0]).toBe(1.9);
    run.steer(of(ask({ kind: 'stop' })));
    expect(run.stopRequested).toBe(true);
    run.steer(of(ask({ kind: 'evaluate' })));
    await run.close();
    expect(controls(events)).toEqual([
      ['save', 'why: kept in memory at step 1', undefined],
      ['skip-step', 'why', undefined],
      ['rollback', 'why: back to the parameters of step 1', undefined],
      ['stop', 'why', undefined],
      ['evaluate', expect.stringContaining('not done: this loop has no way to evaluate'), true],
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'train-end', status: 'stopped', reason: 'test: why' });
  });

  it('rolls back after an update that is being made, not within it', () => {
    const { run, step, w } = bowl();
    run.steer(of(ask({ kind: 'save' })));
    let asked = false;
    run.events$.subscribe((event) => {
      if (event.type !== 'pre-optimizer-step' || asked) return;
      asked = true;
      run.steer(of(ask({ kind: 'rollback' })));
    });
    step();
    expect(w[0]).toBe(2);
  });

  it('says why it cannot: no rate that it asks for, parameters of a function', async () => {
    const { run, events } = record(() => ({ w: [1] }));
    run.steer(
      of(ask({ kind: 'set-learning-rate', learningRate: 1 }), ask({ kind: 'save' }), ask({ kind: 'rollback' })),
    );
    await run.close();
    expect(controls(events)).toEqual([
      ['set-learning-rate', expect.stringContaining('take the rate of each update from run.learningRate(rate)'), true],
      ['save', expect.stringContaining('give handlers: { save }'), true],
      ['rollback', expect.stringContaining('give handlers: { rollback }'), true],
    ]);
  });
});

describe('what goes wrong in a loop over arrays', () => {
  it('refuses what are no arrays where it is made', () => {
    expect(() => observe({ w: 'text' } as never)).toThrow(TypeError);
    expect(() => observe({ w: [[1, 2]] } as never)).toThrow('flatten what is nested');
    expect(() => observe(() => ({ w: null }) as never)).toThrow(TypeError);
    expect(() => observe({ w: [1] }, { run: '' })).toThrow('run: expected a name');
  });

  it('lets an update throw, and says how the run ended', async () => {
    const { run, events } = record({ w: [1] });
    const boom = new Error('out of range');
    expect(() =>
      run.step({}, () => {
        throw boom;
      }),
    ).toThrow(boom);
    await run.close();
    expect(events.at(-1)).toMatchObject({ type: 'train-end', status: 'failed', reason: 'out of range' });
  });

  it('forgets a failure that the loop got over, and is told of one elsewhere', async () => {
    const { run, events } = record({ w: [1] });
    try {
      run.step({}, () => JSON.parse('{'));
    } catch {
      run.step({}, () => {});
    }
    run.fail(new Error('no data'));
    await run.close();
    expect(events.at(-1)).toMatchObject({ status: 'failed', reason: 'no data' });
    expect(run.stepsDone).toBe(1);
  });

  it('goes on where the parameters cannot be read any more, or a gradient is of none, and tells of it', async () => {
    let broken = false;
    const { run, told, types } = record(() => {
      if (broken) throw new Error('gone');
      return { w: [1] };
    });
    run.step({ gradients: { v: [1] } }, () => {});
    broken = true;
    let updated = 0;
    run.step({}, () => updated++);
    await run.close();
    expect(updated).toBe(1);
    expect(told.map(({ message }) => message)).toEqual([
      'parameters failed and was detached: gradients: expected the names of parameters, w; got "v"; did you mean "w"?',
      'parameters failed and was detached: gone',
    ]);
    expect(types().filter((type) => type === 'step-end')).toHaveLength(2);
  });
});

describe('parameters and steps of odd kinds', () => {
  it.each([
    ['null', null],
    ['a number', 5],
    ['a Map', new Map([['w', [1]]])],
    ['an array', [1, 2]],
    ['a typed array', new Float32Array(2)],
    ['big integers', { w: new BigInt64Array(0) }],
  ])('%s is refused, and says what to give', (_what, value) => {
    expect(() => observe(value as never)).toThrow(/^parameters: expected arrays/);
  });

  it.each([
    ['clock', { clock: 5 }],
    ['closeTimeoutMs', { closeTimeoutMs: Number.NaN }],
  ])('%s is checked', (name, options) => {
    expect(() => observe({ w: [1] }, options as never)).toThrow(`${name}: expected`);
  });

  it('a function that gives null once costs that step only', async () => {
    let calls = 0;
    const w = [1];
    const { run, told, updates } = record(() => (++calls === 3 ? (null as never) : { w }));
    for (let i = 0; i < 3; i++) run.step({}, () => void w[0]!++);
    await run.close();
    expect(told.map(({ sink }) => sink)).toEqual(['parameters']);
    expect(updates.map((each) => each.of('w').updateNorm)).toEqual([Number.NaN, 1, 1]);
    expect(w).toEqual([4]);
  });

  it('a parameter that is deleted, or whose buffer is detached, is NaN, and the others go on', async () => {
    const parameters: { a: number[]; b?: number[]; c: Float32Array } = { a: [1], b: [1], c: Float32Array.of(1, 2) };
    const { run, told, updates } = record(parameters as never);
    run.step({}, () => {
      parameters.a[0]!++;
      delete parameters.b;
      structuredClone(parameters.c.buffer, { transfer: [parameters.c.buffer as ArrayBuffer] });
    });
    run.step({}, () => void parameters.a[0]!++);
    await run.close();
    expect(told).toEqual([]);
    expect([...updates[0]!].map(({ updateNorm }) => updateNorm)).toEqual([1, Number.NaN, Number.NaN]);
    expect(updates[1]!.of('a').updateNorm).toBe(1);
  });

  it('a step within a step, or before an async one is over, is made, not observed, and told of', async () => {
    const w = [0];
    const { run, told, updates } = record({ w });
    expect(
      run.step({}, () => {
        w[0]!++;
        return run.step({}, () => w[0]!++);
      }),
    ).toBe(1);
    const slow = run.step({}, async () => {
      await Promise.resolve();
      w[0]! += 5;
    });
    run.step({}, () => w[0]!++);
    await slow;
    await run.close();
    expect(w[0]).toBe(8);
    expect(run.stepsDone).toBe(2);
    expect(updates).toHaveLength(2);
    expect(told).toMatchObject([{ message: expect.stringContaining('a step began within another one') }]);
  });

  it('close() waits for an async update, and says so where it takes too long', async () => {
    const w = [0];
    const { run, types } = record({ w });
    void run.step({}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      w[0]!++;
    });
    await run.close();
    expect(types().slice(-3)).toEqual(['optimizer-step', 'step-end', 'train-end']);
    const late = record({ w }, { closeTimeoutMs: 1 });
    const slow = late.run.step({}, () => new Promise((resolve) => setTimeout(resolve, 30)));
    await late.run.close();
    expect(late.events.at(-1)).toMatchObject({
      status: 'stopped',
      reason: 'close() came while an update was being made',
    });
    await slow;
  });

  it('a request that is never done is refused when close() has waited', async () => {
    const never = () => new Promise<string>(() => {});
    const { run, events } = record({ w: [1] }, { closeTimeoutMs: 5, handlers: { save: never } });
    run.steer(of(ask({ kind: 'save' })));
    await run.close();
    expect(events.filter(({ type }) => type === 'control')).toMatchObject([
      { refused: true, message: 'why: not done: it was not done within 5 ms of close()' },
    ]);
  });

  it('refuses a step without its details or its update, before anything is published', async () => {
    const { run, events } = record({ w: [1] });
    const step = run.step as (...given: unknown[]) => unknown;
    expect(() => step.call(run, { loss: 1 })).toThrow('update: expected a function that writes the parameters');
    expect(() => step.call(run, () => {}, {})).toThrow('update: expected');
    expect(() => step.call(run, null, () => {})).toThrow('details: expected what the loop knows of the step');
    expect(events).toEqual([]);
    const waited = observe(async () => ({ w: [1] }));
    await expect(waited.step({ loss: 1 }, undefined as never)).rejects.toThrow('update: expected');
    await Promise.all([run.close(), waited.close()]);
  });

  it('epochs begin where the plan says', async () => {
    const { run, events } = record({ w: [1] }, { plan: { initialEpoch: 2, numEpochs: 3, stepsPerEpoch: 2 } });
    run.publish({ type: 'epoch-begin' });
    run.step({}, () => {});
    run.step({}, () => {});
    run.publish({ type: 'epoch-end' });
    await run.close();
    expect(events.map(({ epoch }) => epoch)).toEqual([2, 2, 2, 2, 2, 2.5, 2.5, 2.5, 2.5, 3, 3, 3]);
  });
});
