import * as tf from '@tensorflow/tfjs';
import { Subject } from 'rxjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { ControlRequest, ParameterUpdates } from '../../src/index.js';
import { defaultRules, ofType, parameterUpdates } from '../../src/index.js';
import { accuracy, EarlyStopping, Trainer, type TrainerCallback } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { newFolder, points, tinyModel, tinyTrainer, valuesOf } from './tiny.js';

describe.each(BACKENDS)('training on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('learns', async () => {
    const before = held();
    const { trainer, model } = tinyTrainer(
      { learningRate: 0.1, numTrainEpochs: 20, perDeviceTrainBatchSize: 8 },
      {
        trainDataset: points(200),
        evalDataset: points(100, 2),
        computeMetrics: ({ predictions, labels }) => ({ accuracy: accuracy(predictions, labels) }),
      },
    );
    const { eval_accuracy: untrained } = await trainer.evaluate();
    const output = await trainer.train();
    const { eval_accuracy: trained, eval_loss: loss } = await trainer.evaluate();
    expect(untrained).toBeLessThan(0.6);
    expect(trained).toBeGreaterThan(0.95);
    expect(loss).toBeLessThan(output.trainingLoss);
    expect(output).toMatchObject({ globalStep: 500, metrics: { total_flos: 0, epoch: 20 } });
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('is the same whether a batch comes whole or in parts', async () => {
    const whole = tinyTrainer({ perDeviceTrainBatchSize: 4, maxSteps: 6 }, quiet());
    const parts = tinyTrainer({ perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 2, maxSteps: 6 }, quiet());
    await whole.trainer.train();
    await parts.trainer.train();
    const values = valuesOf(whole.trainer.model as never);
    valuesOf(parts.trainer.model as never).forEach((value, i) => {
      expect(value).toBeCloseTo(values[i]!, 5);
    });
    expect(lossesOf(parts.events)).toHaveLength(6);
    lossesOf(parts.events).forEach((loss, i) => {
      expect(loss).toBeCloseTo(lossesOf(whole.events)[i]!, 5);
    });
    for (const { model, trainer } of [whole, parts])
      tf.dispose(
        [...model.parameters(), ...(trainer.model as typeof model).parameters()].map(({ variable }) => variable),
      );

    function quiet() {
      // As many examples as batches of four: parts and wholes then hold the same ones.
      return { model: tinyModel(), trainDataset: points(12) };
    }
  });

  it('clips by the global norm, and logs what it was', async () => {
    const seen: { norm: number; clipped: number }[] = [];
    const callback: TrainerCallback = {
      onPreOptimizerStep({ gradients, gradNorm }) {
        const squares = tf.tidy(() => Object.values(gradients).map((g) => g.square().sum().dataSync()[0]!));
        seen.push({ norm: gradNorm, clipped: Math.sqrt(squares.reduce((sum, value) => sum + value, 0)) });
      },
    };
    const { trainer, model } = tinyTrainer(
      { maxSteps: 4, maxGradNorm: 0.05, loggingSteps: 1 },
      { callbacks: [callback] },
    );
    await trainer.train();
    expect(seen).toHaveLength(4);
    for (const { norm, clipped } of seen) {
      expect(norm).toBeGreaterThan(0.05);
      expect(clipped).toBeCloseTo(0.05, 5);
    }
    const logged = trainer.state.logHistory.filter((entry) => 'grad_norm' in entry).map((entry) => entry.grad_norm);
    expect(logged).toEqual(seen.map(({ norm }) => norm));
    model.dispose();
  });

  it('shows how far each parameter moved, and writes it as the tutorial does', async () => {
    const file = `${newFolder()}/parameter_updates.csv`;
    const { trainer, model } = tinyTrainer({ maxSteps: 4 });
    const updates: ParameterUpdates[] = [];
    trainer.events$.pipe(parameterUpdates()).subscribe((one) => updates.push(one));
    await trainer.train();
    await trainer.saveUpdateHistory(file);
    const { readFileSync } = await import('node:fs');
    const [header, ...rows] = readFileSync(file, 'utf8').trim().split('\r\n');
    expect(header).toBe('linear.weight,linear.bias');
    expect(rows.map((row) => row.split(',').map(Number))).toEqual(
      updates.map(({ columns }) => [...columns.updateNorm]),
    );
    expect(updates.map(({ learningRate }) => Number(learningRate.toFixed(9)))).toEqual([0.05, 0.0375, 0.025, 0.0125]);
    model.dispose();
  });

  it("trains with tf.train's own optimizers, at the scheduled rate", async () => {
    for (const make of [
      () => tf.train.sgd(1),
      () => tf.train.momentum(1, 0.9),
      () => tf.train.adam(1),
      () => tf.train.rmsprop(1),
      () => tf.train.adagrad(1),
      () => tf.train.adamax(1),
      () => tf.train.adadelta(1),
    ]) {
      const optimizer = make();
      const { trainer, model, events } = tinyTrainer({ maxSteps: 20, learningRate: 0.1 }, { optimizer });
      const before = await trainer.evaluate();
      await trainer.train();
      expect((await trainer.evaluate()).eval_loss).toBeLessThan(before.eval_loss!);
      const rates = events.filter((event) => event.type === 'step-end').map(({ learningRate }) => learningRate);
      expect(rates[0]).toBe(0.1);
      expect(rates[19]).toBeCloseTo(0.005, 12);
      optimizer.dispose();
      model.dispose();
    }
  });
});

describe('a training', () => {
  beforeAll(() => useBackend('cpu'));

  it('trains a LayersModel with its own loss, as model.fit does', async () => {
    const before = held();
    const make = () => {
      const made = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 5,
            inputShape: [4],
            activation: 'tanh',
            kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
          }),
          tf.layers.batchNormalization(),
          tf.layers.dense({
            units: 3,
            activation: 'softmax',
            kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
            kernelRegularizer: tf.regularizers.l2(),
          }),
        ],
      });
      made.compile({ optimizer: tf.train.sgd(0.1), loss: 'sparseCategoricalCrossentropy' });
      return made;
    };
    const examples = points(12);
    const fitted = make();
    const xs = tf.tensor2d(examples.map(({ x }) => [...x]));
    const ys = tf.tensor1d(examples.map(({ label }) => label));
    const history = await fitted.fit(xs, ys, { epochs: 5, batchSize: 12, shuffle: false, verbose: 0 });

    const model = make();
    const optimizer = tf.train.sgd(0.1);
    const trainer = new Trainer({
      model,
      optimizer,
      trainDataset: examples,
      dataCollator: (batch) => ({
        xs: tf.tensor2d(batch.map(({ x }) => [...x])),
        labels: Int32Array.from(batch.map(({ label }) => label)),
      }),
      args: {
        numTrainEpochs: 5,
        perDeviceTrainBatchSize: 12,
        learningRate: 0.1,
        lrSchedulerType: 'constant',
        maxGradNorm: 0,
        saveStrategy: 'no',
        disableTqdm: true,
      },
    });
    const losses: number[] = [];
    trainer.events$.pipe(ofType('step-end')).subscribe(({ loss }) => losses.push(loss));
    await trainer.train();
    losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(history.history.loss![i] as number, 5);
    });
    const weights = (of: tf.LayersModel) => of.getWeights().flatMap((weight) => [...weight.dataSync()]);
    const expected = weights(fitted);
    weights(model).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    tf.dispose([xs, ys]);
    for (const one of [fitted, model]) one.dispose();
    for (const used of [optimizer, fitted.optimizer, model.optimizer]) used.dispose();
    expect(held()).toEqual(before);
  });

  it('trains a LayersModel of tf.data', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const data = tf.data.array([
      { xs: [1, 2], ys: [3] },
      { xs: [2, 1], ys: [1] },
    ] as never);
    const before = held();
    const trainer = new Trainer({
      model,
      trainDataset: data as never,
      args: { maxSteps: 3, perDeviceTrainBatchSize: 2, saveStrategy: 'no', disableTqdm: true },
    });
    expect((await trainer.train()).globalStep).toBe(3);
    expect(held()).toEqual(before);
    model.dispose();
  });

  it('refuses class indices for a loss of one-hot labels', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: 'softmax' })] });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const trainer = new Trainer({
      model,
      trainDataset: points(4).map(({ x, label }) => ({ xs: x, labels: label })),
      args: { saveStrategy: 'no', disableTqdm: true },
    });
    const before = held();
    await expect(trainer.train()).rejects.toThrow(
      'labels: expected the shape of the model\'s output, [4,3], got [4]; class indices need the loss "sparseCategoricalCrossentropy"',
    );
    expect(held()).toEqual(before);
    model.dispose();
  });

  it('leaves no tensor behind when a hook throws, whichever it is', async () => {
    const hooks = [
      'onTrainBegin',
      'onEpochBegin',
      'onStepBegin',
      'onSubstepEnd',
      'onPreOptimizerStep',
      'onOptimizerStep',
      'onStepEnd',
      'onEpochEnd',
      'onLog',
      'onEvaluate',
      'onPredictionStep',
      'onSave',
      'onTrainEnd',
    ] as const;
    for (const hook of hooks) {
      const before = held();
      const callback = {
        [hook]: () => {
          throw new Error(`from ${hook}`);
        },
      };
      const args = {
        outputDir: newFolder(),
        gradientAccumulationSteps: 2,
        evalStrategy: 'epoch',
        saveStrategy: 'epoch',
        numTrainEpochs: 2,
      } as const;
      const { trainer, model } = tinyTrainer(args, { callbacks: [callback] });
      await expect(trainer.train()).rejects.toThrow(`from ${hook}`);
      model.dispose();
      expect([hook, held()]).toEqual([hook, before]);
    }
  });

  it('leaves no tensor behind when the model throws', async () => {
    const before = held();
    let passes = 0;
    const model = tinyModel();
    const failing = {
      ...model,
      forward: (...args: Parameters<typeof model.forward>) => {
        const logits = model.forward(...args);
        if (++passes === 4) throw new Error('out of cheese');
        return logits;
      },
    };
    const { trainer, model: unused } = tinyTrainer({ gradientAccumulationSteps: 3 }, { model: failing });
    await expect(trainer.train()).rejects.toThrow('out of cheese');
    for (const one of [model, unused]) one.dispose();
    expect(held()).toEqual(before);
  });

  it.each(['onStepEnd', 'onSubstepEnd', 'onPreOptimizerStep'] as const)('stops where %s asks for it', async (hook) => {
    const before = held();
    const callback: TrainerCallback = {
      [hook]: ({ state, control }: Parameters<NonNullable<TrainerCallback['onStepEnd']>>[0]) => {
        if (state.globalStep >= 1) control.shouldTrainingStop = true;
      },
    };
    const { trainer, model, events } = tinyTrainer({ gradientAccumulationSteps: 2 }, { callbacks: [callback] });
    const { globalStep } = await trainer.train();
    expect(globalStep).toBe(hook === 'onPreOptimizerStep' ? 2 : 1);
    expect(events.slice(-3).map(({ type }) => type)).toEqual(['epoch-end', 'log', 'train-end']);
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('may be stopped before its first update', async () => {
    const callback: TrainerCallback = {
      onSubstepEnd: ({ control }) => {
        control.shouldTrainingStop = true;
      },
    };
    const { trainer, model, events } = tinyTrainer({ gradientAccumulationSteps: 2 }, { callbacks: [callback] });
    expect((await trainer.train()).globalStep).toBe(0);
    expect(events.map(({ type }) => type)).toEqual([
      ...['train-begin', 'epoch-begin', 'step-begin', 'substep-end', 'epoch-end', 'log', 'train-end'],
    ]);
    model.dispose();
  });

  it('is not stopped by a subscriber or a sink that throws', async () => {
    const { trainer, model } = tinyTrainer({ maxSteps: 3 }, { onSinkError: () => {} });
    trainer.events$.pipe(ofType('step-end')).subscribe(() => {
      throw new Error('subscriber');
    });
    trainer.attach(
      trainer.events$,
      () => {
        throw new Error('sink');
      },
      { name: 'broken' },
    );
    expect((await trainer.train()).globalStep).toBe(3);
    expect((await trainer.close()).map(({ message }) => message)).toEqual([
      'broken failed and was detached: sink',
      'subscriber failed and was detached: subscriber',
    ]);
    model.dispose();
  });

  it('filters a loss that is not finite out of the log, and says that it came', async () => {
    const model = tinyModel();
    let passes = 0;
    const {
      trainer,
      model: unused,
      events,
    } = tinyTrainer(
      { maxSteps: 4, loggingSteps: 4, maxGradNorm: 0 },
      {
        model,
        computeLoss: () =>
          tf.tidy(() => tf.add(tf.sum(tf.square(model.kernel)), ++passes === 2 ? Number.NaN : 0)) as tf.Scalar,
      },
    );
    await trainer.train();
    const alerts = events.filter((event) => event.type === 'alert');
    expect(alerts).toMatchObject([
      { rule: 'non-finite-loss', severity: 'error', phase: 'begin', step: 2, value: Number.NaN },
      { rule: 'non-finite-loss', severity: 'info', phase: 'end', step: 3 },
    ]);
    const losses = lossesOf(events);
    expect(losses[1]).toBeNaN();
    const [first, , third, fourth] = losses as [number, number, number, number];
    // The mean so far, over the steps since the last log, stands in for it: transformers' own arithmetic.
    expect(trainer.state.logHistory[0]!.loss).toBeCloseTo((first + first / 2 + third + fourth) / 4, 9);
    for (const one of [model, unused]) one.dispose();
  });

  it('says that it came once, to a run that is judged by all rules too', async () => {
    const model = tinyModel();
    let passes = 0;
    const computeLoss = () =>
      tf.tidy(() => tf.add(tf.sum(tf.square(model.kernel)), ++passes === 3 ? Number.NaN : 0)) as tf.Scalar;
    const { trainer, model: unused, events } = tinyTrainer({ maxSteps: 5, maxGradNorm: 0 }, { model, computeLoss });
    trainer.report(trainer.events$.pipe(defaultRules()));
    await trainer.train();
    await trainer.close();
    const alerts = events.filter((event) => event.type === 'alert' && event.rule === 'non-finite-loss');
    expect(alerts).toMatchObject([
      { severity: 'error', phase: 'begin', step: 3 },
      { severity: 'info', phase: 'end', step: 4 },
    ]);
    for (const one of [model, unused]) one.dispose();
  });

  it('logs it where the filter is off', async () => {
    const { trainer, model } = tinyTrainer(
      { maxSteps: 1, loggingSteps: 1, loggingNanInfFilter: false },
      { computeLoss: ({ logits }) => tf.mul(tf.sum(logits), Number.NaN) as tf.Scalar },
    );
    await trainer.train();
    expect(trainer.state.logHistory[0]!.loss).toBeNaN();
    model.dispose();
  });

  it('gives a loss of its own the number of labels that count', async () => {
    const counts: number[] = [];
    const { trainer, model } = tinyTrainer(
      { gradientAccumulationSteps: 2, numTrainEpochs: 1 },
      {
        trainDataset: points(10).map((point, i) => (i % 2 ? { ...point, label: -100 } : point)),
        computeLoss: ({ logits }, _batch, { numItemsInBatch }) => {
          counts.push(numItemsInBatch);
          return tf.div(tf.sum(logits), numItemsInBatch) as tf.Scalar;
        },
      },
    );
    await trainer.train();
    expect(counts).toHaveLength(5);
    expect([counts[0]! + counts[2]! + counts[4]!, counts[0], counts[2]]).toEqual([5, counts[1], counts[3]]);
    model.dispose();
  });

  it('stops early when the metric no longer improves', async () => {
    const scores = [0.5, 0.6, 0.55, 0.605, 0.58, 0.9];
    for (const [options, stopped] of [
      [{ patience: 1 }, 3],
      [{ patience: 2 }, 6],
      [{ patience: 2, threshold: 0.01 }, 4],
    ] as const) {
      let evaluation = 0;
      const { trainer, model } = tinyTrainer(
        { numTrainEpochs: 6, evalStrategy: 'epoch', metricForBestModel: 'score' },
        { callbacks: [new EarlyStopping(options)], computeMetrics: () => ({ score: scores[evaluation++]! }) },
      );
      await trainer.train();
      expect([options, trainer.state.epoch]).toEqual([options, stopped]);
      model.dispose();
    }
  });

  it('evaluates on several datasets by name, and predicts', async () => {
    const before = held();
    const { trainer, model, events } = tinyTrainer(
      { perDeviceEvalBatchSize: 2 },
      {
        evalDataset: { easy: points(4), hard: points(3, 9) },
        computeMetrics: ({ predictions, labels }) => ({ rows: predictions.shape[0]! + labels.shape[0]! }),
      },
    );
    const metrics = await trainer.evaluate();
    expect(metrics).toMatchObject({ eval_easy_rows: 8, eval_hard_rows: 6 });
    expect(events.filter((event) => event.type === 'evaluate')).toHaveLength(2);
    const { predictions, labels, metrics: test } = await trainer.predict(points(5, 3));
    expect(predictions.shape).toEqual([5, 3]);
    expect([...labels!.data]).toEqual(points(5, 3).map(({ label }) => label));
    expect(test).toMatchObject({ test_rows: 10 });
    expect(test.test_loss).toBeCloseTo(predictedLoss(), 5);
    model.dispose();
    expect(held()).toEqual(before);

    function predictedLoss(): number {
      const rows = points(5, 3).map(({ label }, row) => {
        const logits = [...predictions.data.slice(row * 3, row * 3 + 3)];
        return Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - logits[label]!;
      });
      return rows.reduce((sum, value) => sum + value, 0) / rows.length;
    }
  });

  it('stops, and says why, when an iterable has run out', async () => {
    const generator = (async function* () {
      yield* points(4);
    })();
    const { trainer, model, events } = tinyTrainer({ maxSteps: 9 }, { trainDataset: generator });
    expect((await trainer.train()).globalStep).toBe(2);
    expect(events.filter((event) => event.type === 'alert')).toMatchObject([
      {
        rule: 'no-examples',
        message: expect.stringContaining('gave no example in epoch 2; the training stops at step 2 of 9'),
      },
    ]);
    model.dispose();
  });

  it('shows its progress and its logs, unless it is told not to', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const shown = tinyTrainer({ disableTqdm: false, maxSteps: 3, loggingSteps: 2 });
      await shown.trainer.train();
      const text = write.mock.calls.map(([line]) => line).join('');
      expect(text).toMatch(/^step 2\/3 66 % {2}epoch 0.40\/1 {2}loss [\d.]+ {2}rate 0.0333/m);
      expect(text).toMatch(/^step 2 {2}loss [\d.]+ {2}grad_norm [\d.]+ {2}learning_rate 0.03333 {2}epoch 0.4$/m);
      expect(text).toMatch(/^step 3 {2}train_runtime /m);
      expect(text).not.toContain('total_flos');
      shown.model.dispose();
      write.mockClear();
      const quiet = tinyTrainer({ maxSteps: 3, loggingSteps: 2 });
      await quiet.trainer.train();
      expect(write).not.toHaveBeenCalled();
      quiet.model.dispose();
    } finally {
      write.mockRestore();
    }
  });

  it('can be trained again, from the start', async () => {
    const { trainer, model } = tinyTrainer({ maxSteps: 2 });
    await trainer.train();
    await trainer.train();
    expect(trainer.state.globalStep).toBe(2);
    const running = trainer.train();
    await expect(trainer.train()).rejects.toThrow('expected to be called after the running training has ended');
    await running;
    model.dispose();
  });

  it('does not train for nobody: after close()', async () => {
    const { trainer } = tinyTrainer({ maxSteps: 1 });
    await trainer.train();
    await trainer.close();
    await expect(trainer.train()).rejects.toThrow('train(): expected to be called before close(), got it after');
  });
});

describe('control', () => {
  beforeAll(() => useBackend('cpu'));

  const request = (command: ControlRequest['command']): ControlRequest => ({
    command,
    source: 'test',
    message: 'because',
  });

  /** Train for six steps, and ask for something when a step ends. */
  async function steered(command: ControlRequest['command'], atStep = 2, args = {}) {
    const before = held();
    const run = tinyTrainer({ outputDir: newFolder(), maxSteps: 6, learningRate: 0.06, ...args });
    const requests$ = new Subject<ControlRequest>();
    run.trainer.steer(requests$);
    let asked = false;
    run.trainer.events$.pipe(ofType('step-end')).subscribe(({ step }) => {
      if (step !== atStep || asked) return;
      asked = true;
      requests$.next(request(command));
    });
    await run.trainer.train();
    requests$.complete();
    await run.trainer.close();
    run.model.dispose();
    expect(held()).toEqual(before);
    const rates = run.events
      .filter((event) => event.type === 'step-end')
      .map(({ learningRate }) => Number(learningRate.toFixed(9)));
    return { ...run, rates, control: run.events.filter((event) => event.type === 'control') };
  }

  it('sets the rate, and the rest of the schedule with it', async () => {
    const { rates, control } = await steered({ kind: 'set-learning-rate', learningRate: 0.02 });
    // 0.04 would have come next: all that follows is halved.
    expect(rates).toEqual([0.06, 0.05, 0.02, 0.015, 0.01, 0.005]);
    expect(control).toMatchObject([{ step: 2, message: 'because: learning rate 0.04 → 0.02' }]);
  });

  it('scales the rate, on top of the schedule', async () => {
    const { rates, control } = await steered({ kind: 'scale-learning-rate', factor: 0.5 });
    expect(rates).toEqual([0.06, 0.05, 0.02, 0.015, 0.01, 0.005]);
    expect(control).toMatchObject([{ message: 'because: learning rate 0.04 → 0.02' }]);
  });

  it('stops', async () => {
    const { trainer, events } = await steered({ kind: 'stop' });
    expect(trainer.state.globalStep).toBe(2);
    expect(events.at(-1)!.type).toBe('train-end');
  });

  it('skips an update: its step counts, and nothing moves', async () => {
    const { events, trainer } = await steered({ kind: 'skip-step' });
    expect(events.filter(({ type }) => type === 'optimizer-step').map(({ step }) => step)).toEqual([0, 1, 3, 4, 5]);
    expect(trainer.state.globalStep).toBe(6);
    const file = `${newFolder()}/h.csv`;
    await trainer.saveUpdateHistory(file);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(file, 'utf8').split('\r\n')[3]).toBe('0.0,0.0');
  });

  it('evaluates and saves at the end of the step', async () => {
    const evaluated = await steered({ kind: 'evaluate' });
    expect(evaluated.events.filter(({ type }) => type === 'evaluate').map(({ step }) => step)).toEqual([2]);
    expect(evaluated.control).toMatchObject([{ step: 2, message: 'because' }]);
    const saved = await steered({ kind: 'save' });
    const path = `${saved.trainer.args.outputDir}/checkpoint-2`;
    expect(saved.events.filter((event) => event.type === 'save')).toMatchObject([{ step: 2, path }]);
    expect(saved.control).toMatchObject([{ message: `because: ${path}` }]);
  });

  it('rolls back to the last checkpoint, with a lower rate, and sees the same batches again', async () => {
    const { events, rates, control, trainer } = await steered({ kind: 'rollback' }, 5, {
      saveStrategy: 'steps',
      saveSteps: 3,
    });
    expect(events.filter(({ type }) => type === 'step-end').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 4, 5, 6]);
    // Below the rate that came next at step 5 (0.01), and the checkpoint's (0.03): half of the least.
    expect(rates).toEqual([0.06, 0.05, 0.04, 0.03, 0.02, 0.005, 0.003333333, 0.001666667]);
    expect(control).toMatchObject([
      { source: 'rollback', message: 'after a rollback: learning rate 0.03 → 0.005' },
      { message: 'because: from step 5 back to step 3, learning rate 0.005' },
    ]);
    expect(trainer.state).toMatchObject({ globalStep: 6, maxSteps: 6 });
  });

  it('rolls back from the last step too, and makes it again', async () => {
    const { events } = await steered({ kind: 'rollback' }, 6, { saveStrategy: 'epoch' });
    expect(events.filter(({ type }) => type === 'step-end').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 6]);
    expect(events.at(-1)!.type).toBe('train-end');
  });

  it('says why it cannot', async () => {
    const refused = await steered({ kind: 'rollback' });
    expect(refused.trainer.state.globalStep).toBe(6);
    expect(refused.control).toMatchObject([
      {
        refused: true,
        message: 'because: not done: rollback: expected a checkpoint of this training with finite weights, got none',
      },
    ]);
    const wrong = await steered({ kind: 'set-learning-rate', learningRate: Number.NaN });
    expect(wrong.control).toMatchObject([{ refused: true }]);

    const idle = tinyTrainer();
    const requests$ = new Subject<ControlRequest>();
    idle.trainer.steer(requests$);
    requests$.next(request({ kind: 'save' }));
    expect(idle.events).toMatchObject([{ type: 'control', message: 'because: not done: no training is running' }]);
    idle.model.dispose();
  });
});

function lossesOf(events: readonly { readonly type: string }[]): number[] {
  return events.filter((event) => event.type === 'step-end').map((event) => (event as { loss?: number }).loss!);
}
