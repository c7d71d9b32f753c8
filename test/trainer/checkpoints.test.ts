import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Subject } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ControlRequest } from '../../src/index.js';
import { FILES } from '../../src/trainer/checkpoints/checkpoint.js';
import { listCheckpoints } from '../../src/trainer/checkpoints/checkpoint-folder.js';
import { decodeTrainerState } from '../../src/trainer/checkpoints/trainer-state-json.js';
import {
  decodeSafetensors,
  EarlyStopping,
  encodeSafetensors,
  folderStore,
  type TrainerCallback,
  type TrainingArguments,
  toFloat32,
} from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { signAnew } from './sign-anew.js';
import { newFolder, type Point, points, tinyTrainer, valuesOf } from './tiny.js';

type Options = Parameters<typeof tinyTrainer>[1];
type Run = ReturnType<typeof tinyTrainer>;

/** What must be equal, to the bit, of two runs. */
function traceOf({ trainer, model, events }: Run, fromStep: number) {
  const steps = events.filter((event) => event.type === 'step-end').filter(({ step }) => step > fromStep);
  return {
    values: valuesOf(model),
    steps: steps.map(({ step, epoch, loss, learningRate, examples }) => ({
      step,
      epoch,
      loss,
      learningRate,
      examples,
    })),
    log: trainer.state.logHistory.map((entry) =>
      Object.entries(entry).filter(([name]) => !/runtime|per_second/.test(name)),
    ),
  };
}

/** Train once without a stop, and once from a checkpoint of the first: both must end the same. */
async function resumedFrom(step: number, args: TrainingArguments, options: () => Options = () => ({})) {
  const before = held();
  const outputDir = newFolder();
  const saving = { outputDir, saveStrategy: 'steps', saveSteps: step, loggingSteps: 3, ...args } as const;
  const whole = tinyTrainer(saving, options());
  await whole.trainer.train();
  const resumed = tinyTrainer({ ...saving, saveStrategy: 'no' }, options());
  await resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, `checkpoint-${step}`) });
  expect(traceOf(resumed, step)).toEqual(traceOf(whole, step));
  const history = newFolder();
  await whole.trainer.saveUpdateHistory(join(history, 'whole.csv'));
  await resumed.trainer.saveUpdateHistory(join(history, 'resumed.csv'));
  expect(readFileSync(join(history, 'resumed.csv'), 'utf8')).toBe(readFileSync(join(history, 'whole.csv'), 'utf8'));
  for (const { model } of [whole, resumed]) model.dispose();
  return { before, whole, resumed };
}

describe.each(BACKENDS)('a run resumed on %s is the run that was not stopped', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each<[string, number, TrainingArguments]>([
    ['in the middle of an epoch', 2, { numTrainEpochs: 2 }],
    ['at the end of an epoch', 5, { numTrainEpochs: 2 }],
    ['between two logs', 4, { numTrainEpochs: 2, weightDecay: 0.1, warmupSteps: 3 }],
    ['with accumulation', 4, { numTrainEpochs: 3, gradientAccumulationSteps: 2 }],
    ['at its last step', 10, { numTrainEpochs: 2, evalStrategy: 'epoch' }],
    ['at the end of an epoch that is evaluated', 5, { numTrainEpochs: 2, evalStrategy: 'epoch' }],
    [
      'on a schedule that follows a metric',
      6,
      {
        maxSteps: 12,
        learningRate: 2,
        lrSchedulerType: 'reduce_lr_on_plateau',
        lrSchedulerKwargs: { patience: 1 },
        evalStrategy: 'steps',
        evalSteps: 2,
      },
    ],
  ])('%s', async (_name, step, args) => {
    const { before } = await resumedFrom(step, args);
    expect(held()).toEqual(before);
  });

  it.each<[string, () => tf.Optimizer]>([
    ['sgd', () => tf.train.sgd(0.1)],
    ['momentum', () => tf.train.momentum(0.1, 0.9)],
    ['adam', () => tf.train.adam(0.1)],
    ['rmsprop', () => tf.train.rmsprop(0.1)],
    ['rmsprop, centered and with momentum', () => tf.train.rmsprop(0.1, 0.9, 0.5, 1e-3, true)],
    ['adagrad', () => tf.train.adagrad(0.1)],
    ['adadelta', () => tf.train.adadelta(0.1)],
    ['adamax', () => tf.train.adamax(0.1, 0.9, 0.999, 1e-7, 0.1)],
  ])('with tf.train.%s', async (_name, make) => {
    const optimizers: tf.Optimizer[] = [];
    const { before } = await resumedFrom(4, { numTrainEpochs: 2 }, () => {
      const optimizer = make();
      optimizers.push(optimizer);
      return { optimizer };
    });
    for (const optimizer of optimizers) {
      optimizer.dispose();
      // Momentum inherits this scalar of SGD, and forgets it.
      const { c } = optimizer as unknown as { c?: tf.Tensor };
      if (c && !c.isDisposed) c.dispose();
    }
    expect(held()).toEqual(before);
  });

  it('from an async iterable', async () => {
    const iterable: AsyncIterable<Point> = {
      async *[Symbol.asyncIterator]() {
        yield* points(10);
      },
    };
    await resumedFrom(7, { maxSteps: 12 }, () => ({ trainDataset: iterable }));
  });
});

describe('a checkpoint', () => {
  beforeAll(() => useBackend('cpu'));

  /** A run of four steps with a checkpoint at every second. */
  async function saved(args: TrainingArguments = {}, options: Options = {}) {
    const outputDir = newFolder();
    const run = tinyTrainer({ outputDir, maxSteps: 4, saveStrategy: 'steps', saveSteps: 2, ...args }, options);
    await run.trainer.train();
    return { ...run, outputDir, values: valuesOf(run.model) };
  }

  it("has the weights, the states, and Hugging Face's keys", async () => {
    const { outputDir, model, values } = await saved({ loggingSteps: 1 });
    const folder = join(outputDir, 'checkpoint-4');
    expect(readdirSync(folder).sort()).toEqual(Object.values(FILES).sort());
    const { tensors } = decodeSafetensors(readFileSync(join(folder, FILES.weights)));
    expect([...tensors.keys()]).toEqual(['linear.weight', 'linear.bias']);
    expect([...tensors.values()].flatMap((value) => [...toFloat32(value)])).toEqual(values);
    const state = JSON.parse(readFileSync(join(folder, FILES.state), 'utf8'));
    expect(Object.keys(state)).toEqual([
      ...['best_global_step', 'best_metric', 'best_model_checkpoint', 'epoch', 'eval_steps', 'global_step'],
      ...['is_hyper_param_search', 'is_local_process_zero', 'is_world_process_zero', 'log_history', 'logging_steps'],
      ...['max_steps', 'num_input_tokens_seen', 'num_train_epochs', 'save_steps', 'stateful_callbacks', 'total_flos'],
      ...['train_batch_size', 'trial_name', 'trial_params'],
    ]);
    expect(state).toMatchObject({ global_step: 4, epoch: 0.8, max_steps: 4, num_train_epochs: 1, train_batch_size: 2 });
    expect(Object.keys(state.log_history[0])).toEqual(['loss', 'grad_norm', 'learning_rate', 'epoch', 'step']);
    expect(state.stateful_callbacks.TrainerControl).toEqual({
      args: {
        should_training_stop: true,
        should_epoch_stop: false,
        should_save: true,
        should_evaluate: false,
        should_log: false,
      },
      attributes: {},
    });
    expect(JSON.parse(readFileSync(join(folder, FILES.args), 'utf8'))).toMatchObject({ learningRate: 0.05, seed: 42 });
    expect(decodeTrainerState(readFileSync(join(folder, FILES.state), 'utf8')).globalStep).toBe(4);
    model.dispose();
  });

  it('is the last one, where that is asked for', async () => {
    const { outputDir, model, values } = await saved();
    const resumed = tinyTrainer({ outputDir, maxSteps: 4, resumeFromCheckpoint: true });
    await resumed.trainer.train();
    expect(valuesOf(resumed.model)).toEqual(values);
    expect(resumed.events.some(({ type }) => type === 'step-end')).toBe(false);
    const anew = tinyTrainer({ outputDir, maxSteps: 4, resumeFromCheckpoint: true });
    await anew.trainer.train({ resumeFromCheckpoint: false });
    expect(anew.events.filter(({ type }) => type === 'step-end')).toHaveLength(4);
    for (const one of [model, resumed.model, anew.model]) one.dispose();
  });

  it('goes on to more steps than were planned', async () => {
    const { outputDir, model } = await saved({ lrSchedulerType: 'constant' });
    const more = tinyTrainer({ outputDir, maxSteps: 6, lrSchedulerType: 'constant' });
    expect(await more.trainer.train({ resumeFromCheckpoint: true })).toMatchObject({ globalStep: 6 });
    for (const one of [model, more.model]) one.dispose();
  });

  it('can begin its epoch anew', async () => {
    const { outputDir, model } = await saved();
    const resumed = tinyTrainer({ outputDir, maxSteps: 8, ignoreDataSkip: true, seed: 7 });
    await resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, 'checkpoint-2') });
    const epochs = resumed.events.filter(({ type }) => type === 'step-end').map(({ epoch }) => epoch);
    expect(epochs).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1.2]);
    for (const one of [model, resumed.model]) one.dispose();
  });

  it('keeps as many as the limit says, and the best', async () => {
    const scores = [0.2, 0.9, 0.3, 0.4, 0.5];
    let evaluation = 0;
    const run = await saved(
      {
        maxSteps: 5,
        saveSteps: 1,
        evalStrategy: 'steps',
        evalSteps: 1,
        metricForBestModel: 'score',
        loadBestModelAtEnd: true,
        saveTotalLimit: 2,
      },
      { computeMetrics: () => ({ score: scores[evaluation++]! }) },
    );
    expect(readdirSync(run.outputDir).sort()).toEqual(['checkpoint-2', 'checkpoint-5']);
    const best = join(run.outputDir, 'checkpoint-2');
    expect(run.trainer.state).toMatchObject({ bestMetric: 0.9, bestGlobalStep: 2, bestModelCheckpoint: best });
    const { tensors } = decodeSafetensors(readFileSync(join(best, FILES.weights)));
    expect([...tensors.values()].flatMap((value) => [...toFloat32(value)])).toEqual(run.values);
    run.model.dispose();
  });

  it('is written where an evaluation is the best so far, and nowhere else', async () => {
    const scores = [0.2, 0.9, 0.3, 0.95];
    let evaluation = 0;
    const run = await saved(
      {
        saveStrategy: 'best',
        evalStrategy: 'steps',
        evalSteps: 1,
        metricForBestModel: 'score',
        saveTotalLimit: 1,
        loadBestModelAtEnd: true,
      },
      { computeMetrics: () => ({ score: scores[evaluation++]! }) },
    );
    expect(run.events.filter(({ type }) => type === 'save').map(({ step }) => step)).toEqual([1, 2, 4]);
    expect(readdirSync(run.outputDir)).toEqual(['checkpoint-4']);
    run.model.dispose();
  });

  it("leaves another run's checkpoints alone", async () => {
    const outputDir = newFolder();
    mkdirSync(join(outputDir, 'checkpoint-900'));
    const { trainer, model } = tinyTrainer({
      outputDir,
      maxSteps: 3,
      saveStrategy: 'steps',
      saveSteps: 1,
      saveTotalLimit: 1,
    });
    await trainer.train();
    expect(readdirSync(outputDir).sort()).toEqual(['checkpoint-3', 'checkpoint-900']);
    model.dispose();
  });

  it("leaves another run's checkpoints alone, when it goes on from one of its own that came between them", async () => {
    const outputDir = newFolder();
    for (const step of [1, 3, 900]) mkdirSync(join(outputDir, `checkpoint-${step}`));
    const args = { outputDir, saveStrategy: 'steps', saveSteps: 2, saveTotalLimit: 1 } as const;
    const first = tinyTrainer({ ...args, maxSteps: 4 });
    await first.trainer.train();
    const resumed = tinyTrainer({ ...args, maxSteps: 8 });
    await resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, 'checkpoint-4') });
    expect(readdirSync(outputDir).sort()).toEqual(['checkpoint-1', 'checkpoint-3', 'checkpoint-8', 'checkpoint-900']);
    for (const { model } of [first, resumed]) model.dispose();
  });

  it('takes none in the folder for its own that goes on from a checkpoint elsewhere', async () => {
    const [elsewhere, outputDir] = [newFolder(), newFolder()];
    const first = tinyTrainer({ outputDir: elsewhere, maxSteps: 4, saveStrategy: 'steps', saveSteps: 2 });
    await first.trainer.train();
    for (const step of [2, 4]) mkdirSync(join(outputDir, `checkpoint-${step}`));
    const args = { outputDir, saveStrategy: 'steps', saveSteps: 2, saveTotalLimit: 1 } as const;
    const resumed = tinyTrainer({ ...args, maxSteps: 8 });
    await resumed.trainer.train({ resumeFromCheckpoint: join(elsewhere, 'checkpoint-4') });
    expect(readdirSync(outputDir).sort()).toEqual(['checkpoint-2', 'checkpoint-4', 'checkpoint-8']);
    expect(readdirSync(elsewhere).sort()).toEqual(['checkpoint-2', 'checkpoint-4']);
    for (const { model } of [first, resumed]) model.dispose();
  });

  it('restores the callbacks that have a state, where that is asked for', async () => {
    const scores = [0.9, 0.5, 0.4, 0.3];
    const training = async (args: TrainingArguments, callbacks: TrainerCallback[], resume: string | boolean) => {
      let evaluation = typeof resume === 'string' ? 1 : 0;
      const run = tinyTrainer(
        {
          maxSteps: 4,
          saveStrategy: 'steps',
          saveSteps: 1,
          evalStrategy: 'steps',
          evalSteps: 1,
          metricForBestModel: 'score',
          ...args,
        },
        { callbacks, computeMetrics: () => ({ score: scores[evaluation++]! }) },
      );
      await run.trainer.train({ resumeFromCheckpoint: resume });
      run.model.dispose();
      return run;
    };
    const outputDir = newFolder();
    const mine = { name: 'Mine', state: () => ({ args: {}, attributes: { seen: 1 } }) };
    await training({ outputDir }, [new EarlyStopping({ patience: 3 }), mine], false);
    // One evaluation without an improvement has been counted: after two more, it is the third.
    const from = join(outputDir, 'checkpoint-2');
    const restored = await training(
      { outputDir, restoreCallbackStatesFromCheckpoint: true },
      [new EarlyStopping()],
      from,
    );
    expect(restored.trainer.state.globalStep).toBe(4);
    expect(restored.events.filter((event) => event.type === 'alert')).toMatchObject([
      { rule: 'callbacks-not-restored', message: expect.stringContaining('Mine') },
    ]);
    const fresh = await training({ outputDir }, [new EarlyStopping()], from);
    expect(fresh.trainer.state.globalStep).toBe(3);
  });

  it('of weights alone is small, and is not resumed from', async () => {
    const { outputDir, model } = await saved({ saveOnlyModel: true });
    expect(readdirSync(join(outputDir, 'checkpoint-4')).sort()).toEqual(
      [FILES.weights, FILES.state, FILES.args, FILES.checksums].sort(),
    );
    const resumed = tinyTrainer({ outputDir, maxSteps: 4 });
    await expect(resumed.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(
      'expected the states of optimizer, schedule and data, got weights alone; it was written with saveOnlyModel',
    );
    for (const one of [model, resumed.model]) one.dispose();
  });

  it('of the model alone is written where it is asked for', async () => {
    const { trainer, model } = tinyTrainer();
    const folder = join(newFolder(), 'final');
    await trainer.saveModel(folder);
    expect(readdirSync(folder)).toEqual([FILES.weights]);
    model.dispose();
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'is not there',
      (folder) => rmSync(folder, { recursive: true }),
      /resumeFromCheckpoint: expected the folder of a checkpoint, got .*checkpoint-4 \(ENOENT/,
    ],
    [
      'has no weights',
      (folder) => rmSync(join(folder, FILES.weights)),
      /model\.safetensors: expected this file of a checkpoint, got none; the folder has optimizer\.safetensors/,
    ],
    [
      'has no schedule',
      (folder) => rmSync(join(folder, FILES.scheduler)),
      /scheduler\.json: expected this file of a checkpoint, got none/,
    ],
    [
      'has weights cut short',
      (folder) => truncateSync(join(folder, FILES.weights), 90),
      /model\.safetensors: it is damaged or of another program: .*; resume from another checkpoint/,
    ],
    [
      'has a state cut short',
      (folder) => truncateSync(join(folder, FILES.state), 20),
      /trainer_state\.json: it is damaged or of another program/,
    ],
    [
      'has a state that is none',
      (folder) => writeFileSync(join(folder, FILES.state), '{"epoch":1}'),
      /trainer_state\.json: it is damaged or of another program: expected the keys of a trainer state, got none named global_step/,
    ],
    [
      'has moments cut short',
      (folder) => truncateSync(join(folder, FILES.optimizer), 100),
      /optimizer\.safetensors: it is damaged or of another program/,
    ],
    [
      "has another program's optimizer",
      (folder) => {
        for (const file of [FILES.optimizer, FILES.scheduler, FILES.loop]) rmSync(join(folder, file));
        writeFileSync(join(folder, 'optimizer.pt'), '');
      },
      /got weights alone; it was written with saveOnlyModel or by another program/,
    ],
  ])('that %s is refused, and changes nothing', async (_name, damage, message) => {
    const { outputDir, model } = await saved();
    damage(join(outputDir, 'checkpoint-4'));
    const resumed = tinyTrainer({ outputDir, maxSteps: 4 });
    const before = [held(), valuesOf(resumed.model)];
    await expect(resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, 'checkpoint-4') })).rejects.toThrow(
      message,
    );
    expect([held(), valuesOf(resumed.model)]).toEqual(before);
    for (const one of [model, resumed.model]) one.dispose();
  });

  it.each<[string, TrainingArguments, Options, string]>([
    ['seeds', { seed: 7 }, {}, 'seed: expected that of the checkpoint'],
    ['order', { dataSeed: 7 }, {}, 'dataSeed: expected that of the checkpoint'],
    ['batch size', { perDeviceTrainBatchSize: 3 }, {}, 'expected that of the checkpoint'],
    [
      'schedule',
      { lrSchedulerType: 'cosine' },
      {},
      'lrSchedulerType: expected the checkpoint\'s "linear", got "cosine"',
    ],
  ])('of another %s is refused', async (_name, args, options, message) => {
    const { outputDir, model } = await saved();
    const resumed = tinyTrainer({ outputDir, maxSteps: 4, ...args }, options);
    await expect(resumed.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(message);
    for (const one of [model, resumed.model]) one.dispose();
  });

  it('of an optimizer that cannot say what it remembers is refused before the first step', async () => {
    const optimizer = new SignDescent(0.1);
    const { trainer, model, events } = tinyTrainer({ saveStrategy: 'epoch', outputDir: newFolder() }, { optimizer });
    await expect(trainer.train()).rejects.toThrow(
      'optimizer: expected one whose state can be saved in checkpoints, got SignDescent (getWeights() is not implemented',
    );
    expect(events).toEqual([]);
    optimizer.dispose();
    model.dispose();
  });

  it('of an optimizer of one’s own that can say it, goes on', async () => {
    await resumedFrom(4, { numTrainEpochs: 2 }, () => ({ optimizer: new CountingSignDescent(0.1) }));
  });

  it('of an optimizer of tf.train with another trained parameter is refused', async () => {
    const optimizer = tf.train.adamax(0.1);
    const { outputDir, model } = await saved({}, { optimizer });
    const resumed = tinyTrainer({ outputDir, maxSteps: 4 }, { optimizer });
    const file = join(outputDir, 'checkpoint-4', FILES.optimizer);
    const { tensors, metadata } = decodeSafetensors(readFileSync(file));
    expect([...tensors.keys()].sort()).toEqual([
      'accumulatedFirstMoment.linear.bias',
      'accumulatedFirstMoment.linear.weight',
      'accumulatedWeightedInfNorm.linear.bias',
      'accumulatedWeightedInfNorm.linear.weight',
      'own.accBeta1',
      'own.iteration',
    ]);
    const others = new Map([...tensors].filter(([name]) => name !== 'accumulatedFirstMoment.linear.bias'));
    writeFileSync(file, encodeSafetensors(others, metadata));
    signAnew(join(outputDir, 'checkpoint-4'));
    await expect(resumed.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(
      'expected what Adamax remembers, got none named accumulatedFirstMoment.linear.bias',
    );
    optimizer.dispose();
    for (const one of [model, resumed.model]) one.dispose();
  });

  it('from before the first update, rolled back to, empties what an optimizer of tf.train remembers', async () => {
    const before = held();
    const runs: number[][] = [];
    for (const goesBack of [false, true]) {
      const optimizer = tf.train.adam(0.1);
      const run = tinyTrainer({ outputDir: newFolder(), maxSteps: 3, lrSchedulerType: 'constant' }, { optimizer });
      const requests$ = new Subject<ControlRequest>();
      run.trainer.steer(requests$);
      const ask = (command: ControlRequest['command']) => requests$.next({ command, source: 'test', message: '' });
      let isBack = !goesBack;
      run.trainer.events$.subscribe(({ type, step }) => {
        if (type === 'pre-optimizer-step' && step === 0) ask({ kind: 'skip-step' });
        if (type === 'step-end' && step === 1) ask({ kind: 'save' });
        if (type !== 'step-end' || step !== 3 || isBack) return;
        isBack = true;
        ask({ kind: 'rollback', learningRate: 0.05 });
      });
      await run.trainer.train();
      runs.push(valuesOf(run.model));
      optimizer.dispose();
      run.model.dispose();
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(held()).toEqual(before);
  });

  it('of another model or optimizer is refused', async () => {
    const { outputDir, model } = await saved();
    const kernel = tf.variable(tf.zeros([4, 2]), true);
    const other = { parameters: () => [{ name: 'linear.weight', variable: kernel }], forward: () => tf.zeros([1, 2]) };
    const optimizer = tf.train.adam();
    const from = { resumeFromCheckpoint: true };
    const another = tinyTrainer({ outputDir }, { model: other });
    await expect(another.trainer.train(from)).rejects.toThrow(
      'expected the parameters of this model; it has linear.bias besides',
    );
    const sameNames = {
      ...other,
      parameters: () => [...other.parameters(), { name: 'linear.bias', variable: kernel }],
    };
    const shaped = tinyTrainer({ outputDir }, { model: sameNames });
    await expect(shaped.trainer.train(from)).rejects.toThrow(
      'expected linear.weight to be float32 [4,2], as in the model; got F32 [4,3]',
    );
    const adam = tinyTrainer({ outputDir }, { optimizer });
    await expect(adam.trainer.train(from)).rejects.toThrow(
      'expected what Adam remembers, got what AdamW does; resume with the optimizer the run began with',
    );
    const none = tinyTrainer({ outputDir: newFolder() });
    await expect(none.trainer.train(from)).rejects.toThrow('resumeFromCheckpoint: expected a checkpoint in');
    tf.dispose([kernel]);
    optimizer.dispose();
    for (const run of [another, shaped, adam, none]) run.model.dispose();
    model.dispose();
  });

  it('that was being replaced when the process was killed comes back', async () => {
    const { outputDir, model } = await saved();
    cpSync(join(outputDir, 'checkpoint-4'), join(outputDir, '.writing-checkpoint-6'), { recursive: true });
    renameSync(join(outputDir, 'checkpoint-4'), join(outputDir, '.replaced-checkpoint-4'));
    expect(await listCheckpoints(folderStore(), outputDir)).toEqual(
      ['checkpoint-2', 'checkpoint-4'].map((name) => join(outputDir, name)),
    );
    const resumed = tinyTrainer({ outputDir, maxSteps: 6, saveStrategy: 'steps' });
    await resumed.trainer.train({ resumeFromCheckpoint: true });
    expect(existsSync(join(outputDir, '.writing-checkpoint-6'))).toBe(false);
    expect(readdirSync(outputDir).sort()).toEqual(['checkpoint-2', 'checkpoint-4', 'checkpoint-6']);
    for (const one of [model, resumed.model]) one.dispose();
  });
});

/** Steps by the sign of the gradient: an optimizer of one's own, which remembers nothing and says nothing. */
class SignDescent extends tf.Optimizer {
  static className = 'SignDescent';

  constructor(public learningRate: number) {
    super();
  }

  getConfig() {
    return {};
  }

  applyGradients(gradients: tf.NamedTensorMap): void {
    for (const [name, gradient] of Object.entries(gradients))
      this.step(tf.engine().registeredVariables[name]!, gradient);
    this.incrementIterations();
  }

  protected step(variable: tf.Variable, gradient: tf.Tensor, rate = this.learningRate): void {
    tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(rate, tf.sign(gradient)))));
  }
}

/** Makes smaller steps the more it has made, and says how many it has. */
class CountingSignDescent extends SignDescent {
  static override className = 'CountingSignDescent';

  protected override step(variable: tf.Variable, gradient: tf.Tensor): void {
    super.step(variable, gradient, this.learningRate / (1 + this.iterations));
  }

  override async getWeights() {
    return [await this.saveIterations()];
  }

  override async setWeights(weights: Parameters<tf.Optimizer['setWeights']>[0]) {
    await this.extractIterations(weights);
  }
}
