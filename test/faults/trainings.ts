/** Three small trainings that give the same weights whenever they are made, observed or not. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { observe, type Run, type SinkErrorEvent } from 'trainscope';
import { instrument } from 'trainscope/tfjs';
import { type Batch, Trainer, type TrainerCallback } from 'trainscope/trainer';
import { points } from '../trainer/points.js';
import { type TinyModel, tinyModel } from '../trainer/tiny-model.js';
import { type Setting, type SourceName, STEPS } from './fault.js';

/** What a training comes to. */
export interface Trained {
  /** Of its final weights. */
  readonly bytes: Buffer;
  readonly steps: number;
  /** Tensors that it left behind. */
  readonly tensorsLeft: number;
}

/** Who looks on. */
export interface Observer {
  readonly setting: Setting;
  onSinkError(event: SinkErrorEvent): void;
  begin(run: Run): Promise<void>;
  /** In the loop, after a step. */
  between(step: number): Promise<void>;
  /** All steps are done, and the run is about to be closed. */
  end(run: Run): Promise<void>;
}

const RATE = 0.05;
const NAMES = ['linear.weight', 'linear.bias'] as const;
const BATCH = 4;
const EXAMPLES = points(STEPS * BATCH);

/** Time for whatever else the process has to do. */
async function pause(step: number, observer: Observer | undefined): Promise<void> {
  await observer?.between(step);
  await sleep(1);
}

/** Make the training, with somebody who looks on or with nobody. */
export const TRAININGS: Readonly<Record<SourceName, (observer?: Observer) => Promise<Trained>>> = {
  arrays: trainArrays,
  'TensorFlow.js': (observer) => countingTensors(() => trainOptimizer(observer)),
  Trainer: (observer) => countingTensors(() => trainTrainer(observer)),
};

async function countingTensors(train: () => Promise<Omit<Trained, 'tensorsLeft'>>): Promise<Trained> {
  const before = tf.memory().numTensors;
  const trained = await train();
  return { ...trained, tensorsLeft: tf.memory().numTensors - before };
}

/** Logistic regression, by hand. */
async function trainArrays(observer?: Observer): Promise<Trained> {
  const weight = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const bias = new Float32Array(3);
  const [w, b] = observer?.setting.names ?? NAMES;
  // Not by a literal: a name may be `__proto__`.
  const named = (first: Float32Array, second: Float32Array) =>
    Object.fromEntries([
      [w, first],
      [b, second],
    ]);
  const { names: _, args, ...options } = observer?.setting ?? {};
  const run = observer && observe(named(weight, bias), { ...options, ...onSinkError(observer) });
  if (run) await observer.begin(run);
  let steps = 0;
  for (let step = 1; step <= STEPS; step++) {
    const { loss, gradients } = slope(weight, bias, EXAMPLES.slice((step - 1) * BATCH, step * BATCH));
    const update = () => {
      descend(weight, gradients[0]);
      descend(bias, gradients[1]);
      steps++;
    };
    if (run) run.step({ loss, learningRate: RATE, gradients: named(...gradients), examples: BATCH }, update);
    else update();
    await pause(step, observer);
  }
  if (run) await observer.end(run);
  return { bytes: Buffer.concat([weight, bias].map(({ buffer }) => Buffer.from(buffer))), steps, tensorsLeft: 0 };
}

type Examples = typeof EXAMPLES;

/** Of the mean cross entropy. */
function slope(weight: Float32Array, bias: Float32Array, batch: Examples) {
  const gradients = [new Float32Array(12), new Float32Array(3)] as const;
  let loss = 0;
  for (const { x, label } of batch) {
    const logits = Array.from(bias, (b, k) => x.reduce((sum, each, i) => sum + each * weight[3 * i + k]!, b));
    const most = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    logits.forEach((logit, k) => {
      const share = Math.exp(logit - most) / total;
      const miss = (share - (k === label ? 1 : 0)) / batch.length;
      if (k === label) loss -= Math.log(share) / batch.length;
      gradients[1][k]! += miss;
      x.forEach((each, i) => {
        gradients[0][3 * i + k]! += each * miss;
      });
    });
  }
  return { loss, gradients: [gradients[0], gradients[1]] as [Float32Array, Float32Array] };
}

function descend(values: Float32Array, gradient: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i]! -= RATE * gradient[i]!;
}

/** The same model by an optimizer of TensorFlow.js, in a loop of one's own. */
async function trainOptimizer(observer?: Observer): Promise<Omit<Trained, 'tensorsLeft'>> {
  const model = tinyModel();
  const optimizer = tf.train.adam(RATE);
  const { names, args, ...options } = observer?.setting ?? {};
  const parameters = model.parameters().map((each, i) => ({ ...each, name: names?.[i] ?? each.name }));
  const training = observer && instrument(optimizer, { ...options, ...onSinkError(observer), parameters });
  if (training) await observer.begin(training);
  let steps = 0;
  for (let step = 1; step <= STEPS; step++) {
    const batch = EXAMPLES.slice((step - 1) * BATCH, step * BATCH);
    optimizer.minimize(() => lossOf(model, batch));
    steps++;
    await pause(step, observer);
  }
  if (training) await observer.end(training);
  const bytes = bytesOf(model);
  optimizer.dispose();
  model.dispose();
  return { bytes, steps };
}

function lossOf(model: TinyModel, batch: Examples): tf.Scalar {
  const x = tf.tensor2d(batch.map((each) => [...each.x]));
  const labels = tf.oneHot(
    tf.tensor1d(
      batch.map(({ label }) => label),
      'int32',
    ),
    3,
  );
  const logits = model.forward({ x } as Batch, { training: true, seed: 1 }) as tf.Tensor;
  return tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
}

/** By the Trainer, with noise on its inputs. */
async function trainTrainer(observer?: Observer): Promise<Omit<Trained, 'tensorsLeft'>> {
  const model = tinyModel({ noise: 0.1 });
  const { names, args, run = 'run', ...options } = observer?.setting ?? {};
  let steps = 0;
  const loop: TrainerCallback = {
    async onStepEnd({ state }) {
      steps++;
      await pause(state.globalStep, observer);
    },
  };
  const trainer = new Trainer({
    ...options,
    ...(observer && onSinkError(observer)),
    model: {
      ...model,
      parameters: () => model.parameters().map((each, i) => ({ ...each, name: names?.[i] ?? each.name })),
    },
    trainDataset: EXAMPLES,
    callbacks: [loop],
    args: {
      disableTqdm: true,
      saveStrategy: 'no',
      learningRate: RATE,
      perDeviceTrainBatchSize: BATCH,
      maxSteps: STEPS,
      loggingSteps: 5,
      runName: run,
      ...args,
    },
  });
  if (observer) await observer.begin(trainer);
  await trainer.train();
  if (observer) await observer.end(trainer);
  const bytes = bytesOf(model);
  model.dispose();
  return { bytes, steps };
}

function bytesOf({ kernel, bias }: TinyModel): Buffer {
  return Buffer.concat([kernel, bias].map((variable) => Buffer.from(variable.dataSync<'float32'>().slice().buffer)));
}

function onSinkError(observer: Observer) {
  return { onSinkError: (event: SinkErrorEvent) => observer.onSinkError(event) };
}
