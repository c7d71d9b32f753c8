import * as tf from '@tensorflow/tfjs';
import { merge, Subject } from 'rxjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ControlCommand,
  type ControlRequest,
  nonFinite,
  parameterUpdates,
  rollback,
  skipNonFinite,
  steerUpdateRatio,
  type TrainingEvent,
} from '../../src/index.js';
import { instrument } from '../../src/tfjs.js';
import { AdamW } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend('cpu'));

let atFirst: ReturnType<typeof held>;
beforeEach(() => {
  atFirst = held();
});

/** A parabola in two parameters, trained by one optimizer under control. */
function parabola(optimizer: tf.Optimizer, options: Parameters<typeof instrument>[1] = {}) {
  const a = tf.tidy(() => tf.variable(tf.tensor1d([1, -2, 3])));
  const b = tf.tidy(() => tf.variable(tf.scalar(4)));
  const training = instrument(optimizer, options);
  const events: TrainingEvent[] = [];
  training.events$.subscribe((event) => events.push(event));
  const requests$ = new Subject<ControlRequest>();
  training.steer(requests$);
  return {
    training,
    events,
    ask: (command: ControlCommand, source = 'test') => requests$.next({ command, source, message: 'because' }),
    controls: () => events.flatMap((event) => (event.type === 'control' ? [event.message] : [])),
    step: (factor = 1) =>
      void optimizer.minimize(() => tf.tidy(() => a.square().sum().add(b.square()).mul(factor) as tf.Scalar)),
    values: () => [...a.dataSync(), ...b.dataSync()],
    async end() {
      requests$.complete();
      const failures = await training.close();
      tf.dispose([a, b]);
      optimizer.dispose();
      // The Momentum of tf.train forgets the scalar that SGD keeps.
      (optimizer as unknown as { c?: tf.Tensor }).c?.dispose();
      expect(held()).toEqual(atFirst);
      return failures;
    },
  };
}

/** Of a parabola by SGD, the update ratio is twice the rate. */
it('steers back to its target after a rollback has cut the rate, and keeps a lower one after a plateau has', async () => {
  const lastRateAfter = async (source: string) => {
    const run = parabola(tf.train.sgd(1e-3));
    const updates$ = run.training.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
    run.training.steer(merge(updates$, run.training.events$).pipe(steerUpdateRatio({ target: 2e-3 })));
    for (let i = 0; i < 10; i++) run.step();
    run.ask({ kind: 'scale-learning-rate', factor: 0.1 }, source);
    for (let i = 0; i < 60; i++) run.step();
    const last = run.events.findLast((event) => event.type === 'step-end')!;
    await run.end();
    return last.learningRate;
  };
  expect(Math.abs(Math.log((await lastRateAfter('rollback')) / 1e-3))).toBeLessThan(0.1);
  expect(Math.abs(Math.log((await lastRateAfter('reduceOnPlateau')) / 1e-4))).toBeLessThan(0.1);
});

const OPTIMIZERS: Readonly<Record<string, (rate: number) => tf.Optimizer>> = {
  sgd: (rate) => tf.train.sgd(rate),
  momentum: (rate) => tf.train.momentum(rate, 0.9),
  'momentum, Nesterov': (rate) => tf.train.momentum(rate, 0.9, true),
  adagrad: (rate) => tf.train.adagrad(rate),
  adadelta: (rate) => tf.train.adadelta(rate),
  adam: (rate) => tf.train.adam(rate),
  adamax: (rate) => tf.train.adamax(rate),
  rmsprop: (rate) => tf.train.rmsprop(rate),
  'rmsprop, centered, with momentum': (rate) => tf.train.rmsprop(rate, 0.9, 0.5, 1e-7, true),
  AdamW: (learningRate) => new AdamW({ learningRate }),
};

describe.each(Object.entries(OPTIMIZERS))('%s under control', (name, make) => {
  /** What one update at a rate gives. */
  const movedAt = async (rate: number) => {
    const run = parabola(make(rate));
    run.step();
    const values = run.values();
    await run.end();
    return values;
  };

  it('updates at the rate that is set', async () => {
    const moved = await movedAt(1e-2);
    const run = parabola(make(1e-3));
    run.ask({ kind: 'set-learning-rate', learningRate: 1e-2 });
    run.step();
    expect(run.values()).toEqual(moved);
    expect(run.controls()).toEqual(['because: learning rate 0.001 → 0.01']);
    expect(run.events.find((event) => event.type === 'step-end')).toMatchObject({ learningRate: 1e-2 });
    await run.end();
  });

  it('updates at the rate that is scaled, and leaves the one that was set', async () => {
    const moved = await movedAt(1e-2);
    const optimizer = make(1e-3);
    const run = parabola(optimizer);
    run.ask({ kind: 'scale-learning-rate', factor: 20 }, 'one');
    run.ask({ kind: 'scale-learning-rate', factor: 0.5 }, 'other');
    run.step();
    for (const [i, value] of run.values().entries()) expect(value).toBeCloseTo(moved[i]!, 6);
    expect((optimizer as unknown as { learningRate: number }).learningRate).toBe(1e-3);
    run.ask({ kind: 'scale-learning-rate', factor: 2 }, 'other');
    expect(run.controls().at(-1)).toBe('because: learning rate 0.01 → 0.04');
    await run.end();
  });

  it('goes back to a checkpoint in memory, the state of the optimizer too, and goes on as it would have', async () => {
    const run = parabola(make(1e-2));
    for (let i = 0; i < 3; i++) run.step();
    run.ask({ kind: 'save' });
    const saved = run.values();
    for (let i = 0; i < 3; i++) run.step();
    const later = run.values();
    expect(later).not.toEqual(saved);
    for (let round = 0; round < 2; round++) {
      run.step(1e6);
      run.ask({ kind: 'rollback' });
      expect(run.values()).toEqual(saved);
      for (let i = 0; i < 3; i++) run.step();
      expect(run.values(), name).toEqual(later);
    }
    expect(run.controls()[1]).toBe('because: back to the parameters of step 3');
    await run.end();
  });
});

describe('commands of a loop by hand', () => {
  it('a rate that is asked for when the gradients are ready is that of this very update', async () => {
    const run = parabola(tf.train.sgd(0.1));
    run.training.events$.subscribe(({ type }) => {
      if (type === 'pre-optimizer-step') run.ask({ kind: 'scale-learning-rate', factor: 0.5 });
    });
    run.step();
    expect(run.values()[0]).toBeCloseTo(1 - 0.05 * 2);
    expect(run.events.find(({ type }) => type === 'step-end')).toMatchObject({ learningRate: 0.05 });
    await run.end();
  });

  it('stop is asked of the loop, until it begins anew', async () => {
    const run = parabola(tf.train.sgd(0.1));
    run.step();
    run.ask({ kind: 'stop' });
    expect(run.training.stopRequested).toBe(true);
    void run.training.callbacks().onTrainBegin();
    expect(run.training.stopRequested).toBe(false);
    await run.end();
  });

  it('skips the next update: it counts as a step, but nothing moves', async () => {
    const run = parabola(tf.train.adam(0.1));
    run.step();
    const before = run.values();
    run.ask({ kind: 'skip-step' });
    run.step();
    expect(run.values()).toEqual(before);
    run.step();
    expect(run.values()).not.toEqual(before);
    expect(run.training.stepsDone).toBe(3);
    expect(run.events.filter(({ type }) => type === 'optimizer-step').map(({ step }) => step)).toEqual([0, 2]);
    await run.end();
  });

  it('saves and evaluates by the handlers that it is given, and makes events of that', async () => {
    const run = parabola(tf.train.sgd(0.1), {
      handlers: {
        save: async ({ message }) => `file://${message}`,
        rollback: async () => {},
        evaluate: () => ({ val_loss: 0.5 }),
      },
    });
    run.ask({ kind: 'save' });
    run.ask({ kind: 'evaluate' });
    run.ask({ kind: 'rollback', learningRate: 0.01 });
    await run.end();
    expect(run.events).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ type: 'save', path: 'file://because' }),
        expect.objectContaining({ type: 'evaluate', metrics: { val_loss: 0.5 } }),
      ]) as object,
    );
    expect(run.controls().sort()).toEqual([
      'because',
      'because: file://because',
      'because: rolled back, learning rate 0.1 → 0.01',
    ]);
  });

  it.each([
    [{ kind: 'evaluate' }, 'this loop has no way to evaluate; give handlers: { evaluate } to the source'],
    [{ kind: 'save' }, 'no parameter has been updated yet, so there is nothing known to save'],
    [{ kind: 'rollback' }, 'no checkpoint was saved before step Infinity (kept in memory: none); ask to save earlier'],
    [{ kind: 'set-learning-rate', learningRate: Number.NaN }, 'learningRate: expected a number of at least 0, got NaN'],
    [{ kind: 'scale-learning-rate', factor: 0 }, 'factor: expected a positive number, got 0 from test'],
  ] as const)('says why it cannot %o', async (command, reason) => {
    const run = parabola(tf.train.sgd(0.1));
    run.ask(command);
    expect(await run.end()).toEqual([]);
    expect(run.events).toMatchObject([{ type: 'control', message: `because: not done: ${reason}`, refused: true }]);
  });

  it('says why a rate cannot be set that is none', async () => {
    class Fixed extends tf.Optimizer {
      applyGradients(): void {}
      getConfig() {
        return {};
      }
    }
    const run = parabola(new Fixed());
    run.ask({ kind: 'set-learning-rate', learningRate: 1 });
    run.ask({ kind: 'scale-learning-rate', factor: 1 });
    expect(run.controls()).toEqual(
      Array(2).fill(
        'because: not done: optimizer: expected one with a numeric learningRate, got Fixed without; its rate cannot be set',
      ),
    );
    await run.end();
  });

  it('goes back to the checkpoint before a step, and forgets the later one', async () => {
    const run = parabola(tf.train.sgd(0.1));
    run.step();
    run.ask({ kind: 'save' });
    const first = run.values();
    run.step();
    run.ask({ kind: 'save' });
    run.ask({ kind: 'rollback', beforeStep: 2 });
    expect(run.values()).toEqual(first);
    run.ask({ kind: 'rollback' });
    expect(run.values()).toEqual(first);
    run.ask({ kind: 'rollback', beforeStep: 1 });
    expect(run.controls().at(-1)).toContain('no checkpoint was saved before step 1 (kept in memory: 1)');
    await run.end();
  });

  it('goes back after an update that is being made, not within it', async () => {
    const run = parabola(tf.train.sgd(0.1));
    const start = run.values();
    let asked = false;
    run.training.events$.subscribe(({ type, step }) => {
      if (type !== 'pre-optimizer-step') return;
      if (step === 0) run.ask({ kind: 'save' });
      if (step === 1 && !asked) {
        asked = true;
        run.ask({ kind: 'rollback' });
      }
    });
    run.step();
    run.step();
    expect(run.values()).toEqual(start);
    await run.end();
  });
});

describe('control of a model', () => {
  function net() {
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, name: 'head' })] });
    const optimizer = tf.train.sgd(0.1);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const x = tf.randomNormal([8, 2], 0, 1, 'float32', 1);
    const y = tf.ones([8, 1]);
    const training = instrument(model);
    const events: TrainingEvent[] = [];
    training.events$.subscribe((event) => events.push(event));
    const end = async () => {
      expect(await training.close()).toEqual([]);
      tf.dispose([x, y]);
      model.dispose();
      optimizer.dispose();
      expect(held()).toEqual(atFirst);
    };
    return { model, x, y, training, events, end };
  }

  it('stop ends fit after the batch, and the next fit runs', async () => {
    const { model, x, y, training, end } = net();
    const stop$ = new Subject<ControlRequest>();
    training.steer(stop$);
    training.events$.subscribe(({ type, step }) => {
      if (type === 'step-end' && step === 3)
        stop$.next({ command: { kind: 'stop' }, source: 'test', message: 'enough' });
    });
    await model.fit(x, y, { epochs: 5, batchSize: 4, verbose: 0, callbacks: training.callbacks() });
    expect(training.stepsDone).toBe(3);
    await model.fit(x, y, { epochs: 1, batchSize: 4, verbose: 0, callbacks: training.callbacks() });
    expect(training.stepsDone).toBe(5);
    stop$.complete();
    await end();
  });

  it('skipNonFinite saves the weights from a batch of NaN, and names where', async () => {
    const { model, x, y, training, events, end } = net();
    training.steer(training.events$.pipe(skipNonFinite()));
    const bad = tf.fill([8, 2], Number.NaN);
    await model.trainOnBatch(x, y);
    const before = model.getWeights().map((weight) => [...weight.dataSync()]);
    await model.trainOnBatch(bad, y);
    expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
    expect(events.filter(({ type }) => type === 'control')).toMatchObject([
      { command: { kind: 'skip-step' }, parameter: 'head/kernel' },
    ]);
    bad.dispose();
    await end();
  });

  it('rollback cures a batch of NaN: back to the last good weights, at a tenth of the rate', async () => {
    const { model, x, y, training, events, end } = net();
    training.report(training.events$.pipe(parameterUpdates(), nonFinite()));
    training.steer(training.events$.pipe(rollback({ every: 2 })));
    const bad = tf.fill([8, 2], Number.NaN);
    for (let step = 1; step <= 6; step++) await model.trainOnBatch(step === 4 ? bad : x, y);
    const kinds = events.flatMap((event) => (event.type === 'control' ? [event.command.kind] : []));
    // The third is of the NaN itself, which is not yet known; the rollback goes to before the trouble's first step.
    expect(kinds).toEqual(['save', 'save', 'save', 'rollback', 'scale-learning-rate', 'save', 'scale-learning-rate']);
    const losses = events.flatMap((event) => (event.type === 'step-end' ? [event.loss] : []));
    expect(losses[4]!).toBe(losses[2]!);
    expect(events.findLast((event) => event.type === 'step-end')).toMatchObject({ learningRate: expect.closeTo(0.01) });
    bad.dispose();
    await end();
  });
});
