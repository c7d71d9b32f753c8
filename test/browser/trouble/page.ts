// What runs in the browser: trainings on devices that go wrong, and Trainers that keep checkpoints there.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { Subject } from 'rxjs';
import {
  type ControlEvent,
  type ControlRequest,
  ofType,
  type ParameterUpdates,
  parameterUpdates,
  type RunRecord,
} from 'trainscope';
import { instrument, selectBackend, suggestLearningRate } from '../../../src/tfjs.browser.js';
import { AdamW, indexedDbStore, memoryStore, Trainer, type TrainingArguments } from '../../../src/trainer.js';

export type DeviceName = 'webgl' | 'webgpu';

/** What was measured of steps of an update that is known, and what the page was told. */
export interface Measured {
  readonly updateNorms: readonly number[];
  readonly unchanged: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly errors: readonly string[];
  readonly leaked: number;
}

/** What came of a training whose device was lost. */
export interface Lost {
  readonly thrown: string;
  readonly errors: readonly string[];
  readonly measured: number;
}

const use = (name: DeviceName | 'cpu') => selectBackend(name);

/** From now on programs that measure are compiled as a driver would that counts nothing. */
function breakDriver(): void {
  const backend = tf.backend() as unknown as Record<string, (program: Source, ...rest: unknown[]) => unknown>;
  for (const name of ['runWebGLProgram', 'runWebGPUProgram'].filter((each) => each in backend)) {
    const run = backend[name]!;
    backend[name] = (program, ...rest) => run.call(backend, broken(program), ...rest);
  }
}

interface Source {
  readonly userCode?: string;
  getUserCode?(): string;
}

function broken(program: Source): Source {
  const wrong = (code: string) => code.replace(/changed (\+)?= (changed \+ 1\.0|changes\(before, after\));/, '');
  if (program.userCode?.includes('float changed')) return { ...program, userCode: wrong(program.userCode) };
  const code = program.getUserCode?.();
  return code?.includes('var changed') ? { ...program, getUserCode: () => wrong(code) } : program;
}

/** Steps of 0.5 on the first half of 600 elements, without awaiting between them, then as many with. */
async function measure(steps: number): Promise<Measured> {
  const { numTensors } = tf.memory();
  const w = tf.tidy(() => tf.variable(tf.ones([20, 30]), true, 'w'));
  const gradient = tf.tensor2d(
    Float32Array.from({ length: 600 }, (_, i) => (i < 300 ? 1 : 0)),
    [20, 30],
  );
  const optimizer = tf.train.sgd(0.5);
  const training = instrument(optimizer, { parameters: [{ name: 'w', variable: w }], onSinkError: () => {} });
  const seen: ParameterUpdates[] = [];
  training.attach(training.events$.pipe(parameterUpdates()), (updates) => seen.push(updates));
  for (let step = 0; step < 2 * steps; step++) {
    optimizer.applyGradients({ [w.name]: gradient });
    if (step >= steps) await settled(gradient);
  }
  const errors = await training.close();
  tf.dispose([w, gradient]);
  optimizer.dispose();
  return {
    updateNorms: seen.map(({ columns }) => columns.updateNorm[0]!),
    unchanged: seen.map(({ columns }) => columns.unchanged[0]!),
    gradientNorms: seen.map(({ columns }) => columns.gradientNorm[0]!),
    errors: errors.map(({ message }) => message),
    leaked: tf.memory().numTensors - numTensors,
  };
}

/** What the device was asked for before is there. */
async function settled(tensor: tf.Tensor): Promise<void> {
  const one = tf.tidy(() => tensor.mul(2));
  await one.data();
  one.dispose();
}

const loseDevice: Readonly<Record<DeviceName, () => void>> = {
  webgl: () => gpgpu().gl.getExtension('WEBGL_lose_context')!.loseContext(),
  webgpu: () => (tf.backend() as unknown as { device: { destroy(): void } }).device.destroy(),
};
const gpgpu = () => (tf.backend() as unknown as { gpgpu: { gl: WebGLRenderingContext } }).gpgpu;

/** A loop by hand that loses its device after the third step, and reads a value of its own then. */
async function lose(name: DeviceName): Promise<Lost> {
  const w = tf.tidy(() => tf.variable(tf.ones([20, 30])));
  const optimizer = tf.train.sgd(0.1);
  const training = instrument(optimizer, { onSinkError: () => {} });
  let measured = 0;
  training.attach(training.events$.pipe(parameterUpdates()), () => {
    measured++;
  });
  let thrown = '';
  try {
    for (let step = 1; step <= 5; step++) {
      optimizer.minimize(() => w.square().mean() as tf.Scalar);
      if (step === 3) loseDevice[name]();
      else if (step < 3) await settled(w);
      else if (name === 'webgpu') await settled(w);
    }
  } catch (cause) {
    thrown = String(cause);
  }
  const errors = await training.close();
  return { thrown, errors: errors.map(({ message }) => message), measured };
}

/** An SGD that has trained on the device is hooked: its rate is known there by a tensor. */
async function hookLate(): Promise<number> {
  const w = tf.tidy(() => tf.variable(tf.ones([4])));
  const optimizer = tf.train.sgd(0.25);
  const step = () => optimizer.minimize(() => w.square().sum() as tf.Scalar);
  step();
  const training = instrument(optimizer);
  let rate = Number.NaN;
  training.attach(training.events$.pipe(ofType('step-end')), ({ learningRate }) => {
    rate = learningRate;
  });
  step();
  await training.close();
  w.dispose();
  optimizer.dispose();
  return rate;
}

/** AdamW is taken back to where it was: what it does from there on is what it did. */
async function rollBack(): Promise<{ readonly first: number[]; readonly again: number[]; readonly leaked: number }> {
  const { numTensors } = tf.memory();
  const w = tf.tidy(() => tf.variable(tf.linspace(1, 2, 6), true, 'w'));
  const optimizer = new AdamW({ learningRate: 0.1, weightDecay: 0.01 });
  const training = instrument(optimizer);
  training.attach(training.events$.pipe(ofType('control')), ({ message, refused }: ControlEvent) => {
    if (refused) throw new Error(message);
  });
  const requests$ = new Subject<ControlRequest>();
  training.steer(requests$);
  const ask = (kind: 'save' | 'rollback') => requests$.next({ command: { kind }, source: 'test', message: '' });
  const step = () => optimizer.minimize(() => w.pow(3).sum() as tf.Scalar);
  const three = async () => {
    for (let i = 0; i < 3; i++) step();
    return Array.from(await w.data());
  };
  step();
  ask('save');
  step();
  const first = await three();
  ask('rollback');
  step();
  const again = await three();
  await training.close();
  optimizer.dispose();
  w.dispose();
  return { first, again, leaked: tf.memory().numTensors - numTensors };
}

const STORES = { indexedDB: indexedDbStore(), memory: memoryStore() };

/** What the test does from outside in between: the loop waits for it. */
const outside = globalThis as { afterStep?: (step: number) => Promise<void> };

function newTrainer(store: keyof typeof STORES, args: TrainingArguments, size: number) {
  const kernel = tf.tidy(() => tf.variable(tf.linspace(-0.5, 0.5, 3 * size).reshape([size, 3])));
  const examples = Array.from({ length: 12 }, (_, i) => ({
    x: Array.from({ length: size }, (_, j) => Math.sin(i + j)),
    label: i % 3,
  }));
  const trainer = new Trainer({
    model: {
      parameters: () => [{ name: 'kernel', variable: kernel }],
      forward: (batch) => tf.matMul((batch as { x: tf.Tensor2D }).x, kernel as tf.Tensor2D),
    },
    trainDataset: examples,
    evalDataset: examples,
    checkpointStore: STORES[store],
    callbacks: [{ onStepEnd: ({ state }) => outside.afterStep?.(state.globalStep) }],
    args: {
      ...{ learningRate: 0.05, perDeviceTrainBatchSize: 4, maxSteps: 8, disableTqdm: true },
      ...{ saveStrategy: 'steps', saveSteps: 4, evalStrategy: 'steps', evalSteps: 4, ...args },
    },
  });
  return { trainer, kernel };
}

export interface Trained {
  /** Of a small model: to bring a million numbers out of a page takes longer than to train with them. */
  readonly weights: readonly number[];
  readonly evalLosses: readonly number[];
  readonly failed: string;
  readonly alerts: readonly string[];
  readonly checkpoints: readonly string[];
  readonly leaked: number;
}

async function train(store: keyof typeof STORES, args: TrainingArguments, size = 4): Promise<Trained> {
  const { numTensors } = tf.memory();
  const { trainer, kernel } = newTrainer(store, args, size);
  const evalLosses: number[] = [];
  const alerts: string[] = [];
  trainer.events$.subscribe((event: RunRecord) => {
    if (event.type === 'evaluate') evalLosses.push(event.metrics.eval_loss as number);
    if (event.type === 'alert') alerts.push(event.message);
  });
  let failed = '';
  try {
    await trainer.train();
  } catch (cause) {
    failed = String(cause);
  }
  await trainer.close();
  const weights = Array.from(await kernel.data());
  kernel.dispose();
  const checkpoints = await STORES[store].list(args.outputDir!).catch(() => []);
  const leaked = tf.memory().numTensors - numTensors;
  return { weights, evalLosses, failed, alerts, checkpoints, leaked };
}

/** A checkpoint of so many bytes, and another in its place: what that failed with, and what is there then. */
async function replaceTwice(first: number, second: number): Promise<readonly [failed: string, kept: number]> {
  const store = STORES.indexedDB;
  await store.replace('one', { file: new Uint8Array(first) });
  const failed = await store.replace('one', { file: new Uint8Array(second) }).then(() => '', String);
  return [failed, (await store.read('one', 'file')).length];
}

/** Trains while nobody sees the page, by steps of some 30 ms, and looks for a rate: how many timers the loop asked for meanwhile. */
async function trainHidden(): Promise<{ readonly steps: number; readonly timers: number }> {
  const { hidePage, showPage, whileHidden } = globalThis as unknown as Hiding;
  const { trainer, kernel } = newTrainer('memory', { outputDir: 'hidden', saveStrategy: 'no', evalStrategy: 'no' }, 4);
  trainer.events$.pipe(ofType('step-end')).subscribe(() => {
    for (const begin = performance.now(); performance.now() - begin < 30; );
  });
  hidePage();
  await trainer.train();
  const optimizer = tf.train.sgd(0.1);
  await suggestLearningRate(optimizer, () => kernel.square().mean() as tf.Scalar, { steps: 20 });
  showPage();
  const steps = trainer.state.globalStep;
  await trainer.close();
  optimizer.dispose();
  kernel.dispose();
  return { steps, timers: whileHidden.timers };
}

/** A fit that takes a while, observed by our callbacks: from the first frame on that it waits for, nobody sees the page. */
async function fitHidden(yieldEvery: 'auto' | 'epoch'): Promise<{ readonly steps: number; readonly frames: number }> {
  const hiding = globalThis as unknown as Hiding;
  hiding.onFrameAsked = () => queueMicrotask(hiding.hidePage);
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [x, y] = [tf.ones([8, 2]), tf.ones([8, 1])];
  const training = instrument(model);
  let steps = 0;
  training.attach(training.events$.pipe(ofType('step-end')), () => {
    steps++;
    for (const begin = performance.now(); performance.now() - begin < 100; );
  });
  const args = { epochs: 3, batchSize: 2, verbose: 0, yieldEvery } as const;
  await model.fit(x, y, { ...args, callbacks: training.callbacks() });
  await training.close();
  for (const each of [x, y, model.optimizer, model]) each.dispose();
  return { steps, frames: hiding.whileHidden.frames };
}

interface Hiding {
  hidePage(): void;
  showPage(): void;
  onFrameAsked?: () => void;
  readonly whileHidden: { readonly timers: number; readonly frames: number };
}

const page = { trainHidden, fitHidden, use, breakDriver, measure, lose, hookLate, rollBack, train, replaceTwice };
export type TroublePage = typeof page;
Object.assign(globalThis, { page });
