import * as tf from '@tensorflow/tfjs';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ofType, type ParameterUpdates, parameterUpdates, type TrainingEvent } from '../../src/index.js';
import { type InstrumentOptions, instrument } from '../../src/tfjs.js';
import { held, useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend());
beforeEach(() => tf.disposeVariables());
afterEach(() => vi.restoreAllMocks());

type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];

/** What TensorFlow.js declares; users give a promise all the same. */
type Apply = tf.Optimizer['applyGradients'];

/** What the optimizers below have in common: plain gradient descent, written as users write it. */
abstract class Descent extends tf.Optimizer {
  learningRate = 0.1;

  protected descend(gradients: Gradients, rate = this.learningRate): void {
    for (const [name, gradient] of Object.entries(gradients as tf.NamedTensorMap)) {
      const variable = tf.engine().registeredVariables[name]!;
      tf.tidy(() => variable.assign(variable.sub(gradient.mul(rate))));
    }
  }

  getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

class AsyncApply extends Descent {
  static className = 'AsyncApply';
  constructor() {
    super();
    this.applyGradients = ((gradients: Gradients) => this.#later(gradients)) as unknown as Apply;
  }
  override applyGradients(_gradients: Gradients): void {}
  async #later(gradients: Gradients): Promise<string> {
    const kept = Object.fromEntries(
      Object.entries(gradients as tf.NamedTensorMap).map(([name, gradient]) => [name, tf.keep(gradient.clone())]),
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.descend(kept);
    tf.dispose(kept);
    return 'applied';
  }
}

/** `minimize` of its own that gives nothing, whatever it is asked for. */
class ReturnsNull extends Descent {
  static className = 'ReturnsNull';
  override minimize(f: () => tf.Scalar): null {
    const { value, grads } = tf.variableGrads(f);
    this.applyGradients(grads);
    tf.dispose([value, grads]);
    return null;
  }
  override applyGradients(gradients: Gradients): void {
    this.descend(gradients);
  }
}

class AsyncMinimize extends Descent {
  static className = 'AsyncMinimize';
  override minimize(f: () => tf.Scalar): null {
    return this.#later(f) as unknown as null;
  }
  async #later(f: () => tf.Scalar): Promise<string> {
    const { value, grads } = tf.variableGrads(f);
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.applyGradients(grads);
    tf.dispose([value, grads]);
    return 'minimized';
  }
  override applyGradients(gradients: Gradients): void {
    this.descend(gradients);
  }
}

class DisposesGradients extends Descent {
  static className = 'DisposesGradients';
  override applyGradients(gradients: Gradients): void {
    this.descend(gradients);
    tf.dispose(gradients as tf.NamedTensorMap);
  }
}

/** Sharpness-aware minimisation, in short: up, look again, back and down. */
class Sharpness extends Descent {
  static className = 'Sharpness';
  override minimize(f: () => tf.Scalar): null {
    for (const rate of [-0.01, 0.11]) {
      const { value, grads } = tf.variableGrads(f);
      this.learningRate = rate;
      this.applyGradients(grads);
      tf.dispose([value, grads]);
    }
    return null;
  }
  override applyGradients(gradients: Gradients): void {
    this.descend(gradients);
  }
}

/** Three steps of a quadratic, with all that `minimize` gives. */
async function train(optimizer: tf.Optimizer, options?: InstrumentOptions | false) {
  const initial = tf.tensor1d([1, -2, 3]);
  const w = tf.variable(initial, true, 'w');
  initial.dispose();
  const atFirst = tf.memory().numTensors;
  const training = options === false ? undefined : instrument(optimizer, options);
  const events: TrainingEvent[] = [];
  const updates: ParameterUpdates[] = [];
  training?.events$.subscribe((event) => events.push(event));
  training?.events$.pipe(parameterUpdates()).subscribe((each) => updates.push(each));
  const given: unknown[] = [];
  for (let step = 0; step < 3; step++) {
    const result: unknown = optimizer.minimize(() => w.square().sum() as tf.Scalar);
    // An async applyGradients within TensorFlow.js's own minimize is awaited by nobody.
    await new Promise((resolve) => setTimeout(resolve, 5));
    given.push(await result);
  }
  const sinkErrors = await training?.close();
  const leaked = tf.memory().numTensors - atFirst;
  const weights = [...w.dataSync()];
  w.dispose();
  return { weights, given, events, updates, sinkErrors, leaked };
}

describe("a user's own optimizer goes through unchanged", () => {
  it.each([
    ['applyGradients is async', () => new AsyncApply()],
    ['minimize gives null', () => new ReturnsNull()],
    ['minimize gives a promise', () => new AsyncMinimize()],
    ['gradients are disposed inside applyGradients', () => new DisposesGradients()],
    ['minimize applies gradients twice', () => new Sharpness()],
  ])('where %s', async (_how, create) => {
    const plain = await train(create(), false);
    const observed = await train(create());
    expect(observed.weights).toEqual(plain.weights);
    expect(observed.given).toEqual(plain.given);
    expect(observed.sinkErrors).toEqual([]);
    expect([observed.leaked, plain.leaked]).toEqual([0, 0]);
    const ends = observed.events.filter((event) => event.type === 'step-end');
    expect(ends.map(({ loss }) => Number.isFinite(loss))).toEqual(ends.map(() => true));
    expect(observed.updates).toHaveLength(ends.length);
    for (const updates of observed.updates) expect(updates.of('w').updateNorm).toBeGreaterThan(0);
  });

  it('gives the very promise of an async applyGradients, and says optimizer-step when it is settled', async () => {
    const optimizer = new AsyncApply();
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const types: string[] = [];
    training.events$.subscribe(({ type }) => types.push(type));
    const gradients = { w: tf.scalar(0.5) };
    const result: unknown = optimizer.applyGradients(gradients);
    expect(types).toEqual(['train-begin', 'step-begin', 'pre-optimizer-step']);
    expect(await result).toBe('applied');
    expect(types.slice(3)).toEqual(['optimizer-step', 'step-end']);
    await training.close();
    tf.dispose([w, gradients]);
  });

  it('loses only the gradient statistic where gradients are disposed', async () => {
    const { updates } = await train(new DisposesGradients());
    expect(updates.map((each) => Number.isNaN(each.of('w').gradientNorm))).toEqual([true, true, true]);
  });

  it('makes two steps of a minimize that updates twice, both of one loss', async () => {
    const { events } = await train(new Sharpness());
    const ends = events.filter((event) => event.type === 'step-end');
    expect(ends.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ends[0]!.loss).toBe(14);
    expect(ends[1]!.loss).toBe(14);
  });

  it('throws and rejects what the optimizer does', async () => {
    class Fails extends Descent {
      static className = 'Fails';
      constructor() {
        super();
        this.applyGradients = (() => Promise.reject(new Error('no device'))) as unknown as Apply;
      }
      override applyGradients(_gradients: Gradients): void {}
    }
    const optimizer = new Fails();
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const events: TrainingEvent[] = [];
    training.events$.subscribe((event) => events.push(event));
    const gradients = { w: tf.scalar(0.5) };
    await expect(optimizer.applyGradients(gradients) as unknown as Promise<void>).rejects.toThrow('no device');
    await training.close();
    expect(events.at(-1)).toMatchObject({ type: 'train-end', status: 'failed', reason: 'no device' });
    tf.dispose([w, gradients]);
  });
});

describe('what the caller gives', () => {
  it('a loss by setLoss may be disposed before the update', async () => {
    const w = tf.variable(tf.scalar(2), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const before = held();
    const training = instrument(optimizer);
    const losses: number[] = [];
    training.events$.subscribe((event) => event.type === 'step-end' && losses.push(event.loss));
    const gone = tf.scalar(4);
    gone.dispose();
    for (const loss of [gone, 3]) {
      training.setLoss(loss);
      const gradients = { w: tf.scalar(0.5) };
      optimizer.applyGradients(gradients);
      tf.dispose(gradients);
    }
    const loss = tf.scalar(7);
    training.setLoss(loss);
    loss.dispose();
    const gradients = { w: tf.scalar(0.5) };
    optimizer.applyGradients(gradients);
    tf.dispose(gradients);
    await training.close();
    expect(losses).toEqual([Number.NaN, 3, 7]);
    expect(held().numTensors).toBe(before.numTensors);
    tf.dispose(w);
    optimizer.dispose();
  });

  it.each([
    [
      'parameters',
      {
        parameters: () => {
          throw new Error('not yet');
        },
      },
    ],
    [
      'clock',
      {
        clock: () => {
          throw new Error('not yet');
        },
      },
    ],
  ])('a throwing %s function is told of, and the training goes on as it would', async (name, options) => {
    const plain = await train(new ReturnsNull(), false);
    const observed = await train(new ReturnsNull(), { ...options, onSinkError: () => {} });
    expect(observed.weights).toEqual(plain.weights);
    expect(observed.leaked).toBe(0);
    expect(observed.events.filter(({ type }) => type === 'step-end')).toHaveLength(3);
    expect(new Set(observed.sinkErrors!.map(({ sink }) => sink))).toEqual(new Set([name]));
  });

  it('a rate that TensorFlow.js takes no notice of is not reported, and that is said once', async () => {
    for (const optimizer of [tf.train.sgd(0.05), tf.train.momentum(0.05, 0.9)]) {
      const w = tf.variable(tf.scalar(1), true, 'w');
      const training = instrument(optimizer);
      const events: TrainingEvent[] = [];
      training.events$.subscribe((event) => events.push(event));
      const step = () => optimizer.minimize(() => w.square() as tf.Scalar);
      step();
      (optimizer as unknown as { learningRate: number }).learningRate = 0.001;
      step();
      step();
      (optimizer as unknown as tf.SGDOptimizer).setLearningRate(0.01);
      step();
      await training.close();
      const rates = events.flatMap((event) => (event.type === 'step-end' ? [event.learningRate] : []));
      expect(rates).toEqual([0.05, expect.closeTo(0.05, 8), expect.closeTo(0.05, 8), 0.01]);
      expect(events.filter(({ type }) => type === 'alert')).toMatchObject([
        { rule: 'learning-rate-ignored', message: expect.stringContaining('optimizer.setLearningRate(0.001)') },
      ]);
      w.dispose();
      optimizer.dispose();
    }
  });
});

function model(): tf.LayersModel {
  const made = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, name: 'head' })] });
  made.compile({ optimizer: tf.train.sgd(0.01), loss: 'meanSquaredError' });
  return made;
}

describe('callbacks() beside others', () => {
  const counting = () => {
    const count = { epochs: 0 };
    return { count, plain: { onEpochEnd: () => void count.epochs++ } };
  };

  it.each([
    ['alone', 0, (ours: tf.CustomCallback) => ours],
    ['alone in a list', 0, (ours: tf.CustomCallback) => [ours]],
    ['before earlyStopping', 0, (ours: tf.CustomCallback) => [ours, tf.callbacks.earlyStopping({ monitor: 'loss' })]],
    ['after earlyStopping', 0, (ours: tf.CustomCallback) => [tf.callbacks.earlyStopping({ monitor: 'loss' }), ours]],
    ['before a CustomCallback', 2, (ours: tf.CustomCallback, plain: object) => [ours, new tf.CustomCallback(plain)]],
    ['after a CustomCallback', 2, (ours: tf.CustomCallback, plain: object) => [new tf.CustomCallback(plain), ours]],
    ['before a plain object', 2, (ours: tf.CustomCallback, plain: object) => [ours, plain]],
    ['after a plain object', 2, (ours: tf.CustomCallback, plain: object) => [plain, ours]],
  ])('%s: everyone is told of both epochs', async (_where, heard, listOf) => {
    const net = model();
    const training = instrument(net);
    const types: string[] = [];
    training.events$.subscribe(({ type }) => types.push(type));
    const { count, plain } = counting();
    const callbacks = listOf(training.callbacks(), plain) as tf.CustomCallback;
    const [x, y] = [tf.randomNormal([8, 2], 0, 1, 'float32', 3), tf.randomNormal([8, 1], 0, 1, 'float32', 4)];
    await net.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0, callbacks });
    await training.close();
    expect(types.filter((type) => type === 'epoch-end')).toHaveLength(2);
    expect(types.at(-1)).toBe('train-end');
    expect(count.epochs).toBe(heard);
    tf.dispose([x, y]);
    net.optimizer.dispose();
    net.dispose();
  });

  it.each(['never', 'batch', 'epoch', 1] as const)('yields as fit is told to: %s', async (yieldEvery) => {
    const net = model();
    const training = instrument(net);
    const [x, y] = [tf.ones([8, 2]), tf.ones([8, 1])];
    const epochs: number[] = [];
    training.events$.subscribe((event) => event.type === 'epoch-end' && epochs.push(event.epoch));
    await net.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0, yieldEvery, callbacks: training.callbacks() });
    await training.close();
    expect(epochs).toEqual([1, 2]);
    tf.dispose([x, y]);
    net.optimizer.dispose();
    net.dispose();
  });
});

describe('how a training ended', () => {
  async function endOf(run: (net: tf.LayersModel, x: tf.Tensor, training: ReturnType<typeof instrument>) => unknown) {
    const net = model();
    const training = instrument(net);
    const ends: TrainingEvent[] = [];
    training.events$.subscribe((event) => event.type === 'train-end' && ends.push(event));
    const x = tf.ones([8, 2]);
    try {
      await run(net, x, training);
    } catch {
      // What is thrown is what is told.
    }
    await training.close();
    x.dispose();
    net.optimizer.dispose();
    net.dispose();
    return ends;
  }
  const fitted = (net: tf.LayersModel, x: tf.Tensor, args: tf.ModelFitArgs) => {
    const y = tf.ones([8, 1]);
    return net.fit(x, y, { batchSize: 4, verbose: 0, ...args }).finally(() => y.dispose());
  };

  it('completed', async () => {
    expect(await endOf((net, x, training) => fitted(net, x, { callbacks: training.callbacks() }))).toMatchObject([
      { status: 'completed', step: 2, epoch: 1 },
    ]);
  });

  it('stopped by control, and by whoever sets stopTraining', async () => {
    const stop = { command: { kind: 'stop' }, source: 'test', message: 'enough' } as const;
    const { of } = await import('rxjs');
    expect(
      await endOf((net, x, training) => {
        training.events$.subscribe((event) => event.type === 'epoch-begin' && training.steer(of(stop)));
        return fitted(net, x, { epochs: 5, callbacks: training.callbacks() });
      }),
    ).toMatchObject([{ status: 'stopped', reason: 'test: enough' }]);
    expect(
      await endOf((net, x, training) => {
        training.events$.subscribe((event) => {
          if (event.type === 'step-end') net.stopTraining = true;
        });
        return fitted(net, x, { epochs: 5, callbacks: training.callbacks() });
      }),
    ).toMatchObject([{ status: 'stopped', reason: 'model.stopTraining was set' }]);
  });

  it('failed, by an exception in fit, in minimize, or told by the loop itself', async () => {
    const boom = () => {
      throw new Error('bad batch');
    };
    expect(
      await endOf((net, x, training) =>
        fitted(net, x, { callbacks: [training.callbacks(), new tf.CustomCallback({ onBatchEnd: boom })] }),
      ),
    ).toMatchObject([{ status: 'failed', reason: 'bad batch' }]);
    expect(await endOf((net) => net.optimizer.minimize(boom))).toMatchObject([
      { status: 'failed', reason: 'bad batch' },
    ]);
    expect(
      await endOf(async (net, x, training) => {
        const y = tf.ones([8, 1]);
        await net.trainOnBatch(x, y);
        y.dispose();
        training.fail(new Error('no more data'));
      }),
    ).toMatchObject([{ status: 'failed', reason: 'no more data' }]);
  });

  it('cut off, by close() while fit is going on', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    let fitting: Promise<unknown> | undefined;
    const ends = await endOf(async (net, x, training) => {
      const begun = firstValueFrom(training.events$.pipe(ofType('step-end')));
      fitting = fitted(net, tf.ones([8, 2]), { epochs: 3, callbacks: training.callbacks(), yieldEvery: 'batch' });
      x.dispose();
      await begun;
      await training.close();
      await fitting;
    });
    expect(ends).toMatchObject([
      { status: 'stopped', reason: expect.stringContaining('fit was going on, after step') },
    ]);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe('epochs', () => {
  it('go on counting over several fits of one epoch', async () => {
    const net = model();
    const training = instrument(net);
    const epochs: number[] = [];
    training.events$.subscribe((event) => event.type === 'step-end' && epochs.push(event.epoch));
    const [x, y] = [tf.ones([8, 2]), tf.ones([8, 1])];
    for (let i = 0; i < 3; i++) {
      await net.fit(x, y, { epochs: 1, batchSize: 4, verbose: 0, callbacks: training.callbacks() });
    }
    await training.close();
    expect(epochs).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    tf.dispose([x, y]);
    net.optimizer.dispose();
    net.dispose();
  });

  it('are known without callbacks too, from what fit is told, and from the plan of a loop by hand', async () => {
    const net = model();
    const training = instrument(net);
    const epochs: number[] = [];
    training.events$.subscribe((event) => event.type === 'step-end' && epochs.push(event.epoch));
    const [x, y] = [tf.ones([8, 2]), tf.ones([8, 1])];
    await net.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0 });
    await training.close();
    expect(epochs).toEqual([0.5, 1, 1.5, 2]);
    const byHand = instrument(net, { plan: { stepsPerEpoch: 4, numEpochs: 1 } });
    byHand.events$.subscribe((event) => event.type === 'step-end' && epochs.push(event.epoch));
    await net.trainOnBatch(x, y);
    await byHand.close();
    expect(epochs.at(-1)).toBe(0.25);
    tf.dispose([x, y]);
    net.optimizer.dispose();
    net.dispose();
  });
});

describe('a loop that is used in odd ways', () => {
  it('a model that lists a weight twice is trained and measured', async () => {
    const shared = tf.layers.dense({ units: 2, name: 'shared' });
    const inner = tf.input({ shape: [2] });
    const within = tf.model({ inputs: inner, outputs: shared.apply(inner) as tf.SymbolicTensor });
    const outer = tf.input({ shape: [2] });
    const net = tf.model({ inputs: outer, outputs: within.apply(shared.apply(outer)) as tf.SymbolicTensor });
    net.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    const training = instrument(net);
    const names: (readonly string[])[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => names.push(updates.names));
    const [x, y] = [tf.ones([4, 2]), tf.ones([4, 2])];
    await net.trainOnBatch(x, y);
    await training.close();
    expect(names).toEqual([['shared/kernel', 'shared/bias']]);
    tf.dispose([x, y]);
  });

  it("an optimizer's own decay of its rate goes on under a factor of control", async () => {
    class Halving extends Descent {
      static className = 'Halving';
      override applyGradients(gradients: Gradients): void {
        this.descend(gradients);
        this.learningRate /= 2;
      }
    }
    const optimizer = new Halving();
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const rates: number[] = [];
    training.events$.subscribe((event) => event.type === 'step-end' && rates.push(event.learningRate));
    const { of } = await import('rxjs');
    training.steer(
      of({ command: { kind: 'scale-learning-rate', factor: 0.5 }, source: 'test', message: 'less' } as const),
    );
    for (let i = 0; i < 3; i++) optimizer.minimize(() => w.square() as tf.Scalar);
    await training.close();
    expect([rates, optimizer.learningRate]).toEqual([[0.05, 0.025, 0.0125], 0.0125]);
    w.dispose();
  });

  it('overlapping async updates leave the rate that was set', async () => {
    const optimizer = new AsyncApply();
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const { of } = await import('rxjs');
    training.steer(
      of({ command: { kind: 'scale-learning-rate', factor: 0.5 }, source: 'test', message: 'less' } as const),
    );
    const gradients = { w: tf.scalar(0) };
    const both: unknown[] = [optimizer.applyGradients(gradients), optimizer.applyGradients(gradients)];
    expect(optimizer.learningRate).toBe(0.05);
    await Promise.all(both);
    expect(optimizer.learningRate).toBe(0.1);
    await training.close();
    tf.dispose([w, gradients]);
  });

  it('a rollback whose rate is none is refused whole', async () => {
    const optimizer = tf.train.sgd(0.1);
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const events: TrainingEvent[] = [];
    training.events$.subscribe((event) => events.push(event));
    const { of } = await import('rxjs');
    const ask = (command: object) => of({ command, source: 'test', message: 'back' }) as never;
    const step = () => optimizer.minimize(() => w.square() as tf.Scalar);
    step();
    training.steer(ask({ kind: 'save' }));
    step();
    const before = w.dataSync()[0];
    training.steer(ask({ kind: 'rollback', learningRate: -1 }));
    training.steer(ask({ kind: 'unheard-of' }));
    expect(w.dataSync()[0]).toBe(before);
    await training.close();
    const refused = events.filter((event) => event.type === 'control' && event.refused);
    expect(refused).toMatchObject([
      { message: expect.stringContaining('not done: learningRate: expected') },
      { message: expect.stringContaining('not done: kind: expected a command that there is, got "unheard-of"') },
    ]);
    w.dispose();
    optimizer.dispose();
  });

  it('each fit is a training: its plan, its epochs, its stop and its end are its own, without callbacks too', async () => {
    const net = model();
    const training = instrument(net);
    const events: TrainingEvent[] = [];
    training.events$.subscribe((event) => events.push(event));
    const [x, y] = [tf.ones([16, 2]), tf.ones([16, 1])];
    const { of } = await import('rxjs');
    const stop = training.events$.subscribe((event) => {
      if (event.type === 'step-end' && event.step === 3)
        training.steer(of({ command: { kind: 'stop' }, source: 'test', message: 'enough' } as const));
    });
    await net.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0 });
    stop.unsubscribe();
    await net.trainOnBatch(x, y);
    await net.fit(x, y, { epochs: 1, batchSize: 8, verbose: 0 });
    await training.close();
    const ends = events.filter((event) => event.type === 'train-end');
    expect(ends).toMatchObject([
      { step: 3, status: 'stopped', reason: 'test: enough' },
      { step: 4, status: 'completed' },
      { step: 6, status: 'completed' },
    ]);
    expect(events.flatMap((event) => (event.type === 'train-begin' ? [event.maxSteps] : []))).toEqual([
      8,
      undefined,
      6,
    ]);
    expect(events.flatMap((event) => (event.type === 'step-end' ? [event.epoch] : []))).toEqual([
      0.25, 0.5, 0.75, 0.75, 1.25, 1.75,
    ]);
    tf.dispose([x, y]);
  });

  it('a loss given by setLoss is of the next step only', async () => {
    const optimizer = tf.train.sgd(0.1);
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const losses: number[] = [];
    training.events$.subscribe((event) => event.type === 'step-end' && losses.push(event.loss));
    training.setLoss(42);
    optimizer.minimize(() => w.square() as tf.Scalar);
    const gradients = { w: tf.scalar(0) };
    optimizer.applyGradients(gradients);
    await training.close();
    expect(losses).toEqual([1, Number.NaN]);
    tf.dispose([w, gradients]);
    optimizer.dispose();
  });

  it('a variable of two names leaks nothing, and parameters that cannot be had are told of once', async () => {
    const optimizer = tf.train.sgd(0.1);
    const [w, c] = [tf.variable(tf.scalar(1), true, 'w'), tf.variable(tf.scalar(1), false, 'c')];
    const before = held();
    const twice = instrument(optimizer, {
      parameters: [
        { name: 'c', variable: c },
        { name: 'tied', variable: c },
      ],
    });
    twice.events$.pipe(parameterUpdates()).subscribe();
    const step = () => optimizer.minimize(() => w.square() as tf.Scalar);
    for (let i = 0; i < 3; i++) step();
    await twice.close();
    expect(held().numTensors).toBe(before.numTensors);
    const told: string[] = [];
    const none = instrument(optimizer, { parameters: () => null as never, onSinkError: ({ sink }) => told.push(sink) });
    const updates: unknown[] = [];
    none.events$.pipe(parameterUpdates()).subscribe((each) => updates.push(each));
    for (let i = 0; i < 3; i++) step();
    await none.close();
    expect([told, updates]).toEqual([['parameters'], []]);
    tf.dispose([w, c]);
    optimizer.dispose();
  });

  it('close() waits for an async update', async () => {
    const optimizer = new AsyncApply();
    const w = tf.variable(tf.scalar(1), true, 'w');
    const training = instrument(optimizer);
    const types: string[] = [];
    training.events$.subscribe(({ type }) => types.push(type));
    const gradients = { w: tf.scalar(0) };
    const applied: unknown = optimizer.applyGradients(gradients);
    await training.close();
    expect(types.slice(-3)).toEqual(['optimizer-step', 'step-end', 'train-end']);
    await applied;
    tf.dispose([w, gradients]);
  });
});
