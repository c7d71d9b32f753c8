// What runs in the browser: a training on one backend, observed; its outcome goes to the page's window.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { merge } from 'rxjs';
import { consoleSink, type ParameterUpdates, parameterUpdates } from 'trainscope';
import { remoteSink } from 'trainscope/remote';
import { instrument, selectBackend } from '../../src/tfjs.browser.js';

export interface Outcome {
  readonly backend: string;
  readonly steps: number;
  readonly names: readonly string[];
  /** The largest relative difference of an update norm to the one computed from the values before and after. */
  readonly error: number;
  readonly leaked: number;
  readonly sinkErrors: readonly string[];
}

async function observe(backend: 'cpu' | 'wasm' | 'webgl'): Promise<Outcome> {
  setWasmPaths('/wasm/');
  await selectBackend(backend);
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu', name: 'conv' }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ units: 3, activation: 'softmax', name: 'classifier' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(1e-2), loss: 'categoricalCrossentropy' });
  const x = tf.randomNormal([32, 8, 8, 1], 0, 1, 'float32', 1);
  const y = tf.tidy(() => tf.oneHot(tf.range(0, 32, 1, 'int32').mod(tf.scalar(3, 'int32')), 3).toFloat());
  // Adam makes its own variables in its first step.
  await model.fit(x, y, { epochs: 1, verbose: 0 });
  const { numTensors } = tf.memory();

  const training = instrument(model, { onSinkError: () => {} });
  const seen: ParameterUpdates[] = [];
  const updates$ = training.events$.pipe(parameterUpdates());
  training.attach(updates$, (updates) => seen.push(updates));
  training.attach(updates$, consoleSink());
  let error = 0;
  for (let step = 0; step < 4; step++) {
    const before = await valuesOf(model);
    await model.fit(x, y, { epochs: 1, batchSize: 32, verbose: 0, callbacks: training.callbacks() });
    const after = await valuesOf(model);
    const updates = seen.at(-1);
    for (const [i, old] of before.entries()) {
      const norm = Math.hypot(...old.map((value, j) => after[i]![j]! - value));
      error = Math.max(error, Math.abs((updates?.columns.updateNorm[i] ?? Number.NaN) / norm - 1));
    }
  }
  const errors = await training.close();
  return {
    backend: tf.getBackend(),
    steps: seen.length,
    names: seen[0]?.names ?? [],
    error,
    leaked: tf.memory().numTensors - numTensors,
    sinkErrors: errors.map(({ message }) => message),
  };
}

function valuesOf(model: tf.LayersModel): Promise<Float32Array[]> {
  return Promise.all(model.getWeights().map((weight) => weight.data() as Promise<Float32Array>));
}

/** What a page gets that does not choose, and why not another. */
async function choose(): Promise<readonly string[]> {
  const said: string[] = [];
  await selectBackend(undefined, { say: (line) => said.push(line) });
  await selectBackend('webgpu').catch((cause) => said.push(String(cause)));
  return said;
}

export interface Sent {
  /** Update norms by step, as they were measured here. */
  readonly norms: readonly (readonly number[])[];
  readonly stopped: boolean;
  readonly leaked: number;
  readonly sinkErrors: readonly string[];
}

/** Sends a training to a server of another origin, until it is asked there to stop. */
async function send(url: string, token: string): Promise<Sent> {
  const { numTensors } = tf.memory();
  const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
  const optimizer = tf.train.sgd(0.01);
  const training = instrument(optimizer, { run: 'page', onSinkError: () => {} });
  const norms: number[][] = [];
  const updates$ = training.events$.pipe(parameterUpdates());
  training.attach(updates$, ({ columns }) => norms.push([...columns.updateNorm]));
  const remote = remoteSink(url, { token });
  training.attach(merge(training.events$, updates$), remote);
  training.steer(remote.requests$);
  for (let step = 0; step < 2_000 && !training.stopRequested; step++) {
    optimizer.minimize(() => w.square().sum() as tf.Scalar);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const stopped = training.stopRequested;
  const errors = await training.close();
  w.dispose();
  optimizer.dispose();
  return {
    norms,
    stopped,
    leaked: tf.memory().numTensors - numTensors,
    sinkErrors: errors.map(({ message }) => message),
  };
}

/** What is said of a server that cannot be had. */
async function saidOf(url: string): Promise<string> {
  return new Promise((resolve) => {
    const remote = remoteSink(url, {
      say: (line) => {
        resolve(line);
        void remote.close().catch(() => {});
      },
    });
    remote.next({ type: 'train-begin', run: 'page', step: 0, epoch: 0, time: 0 });
  });
}

Object.assign(globalThis, { observe, choose, send, saidOf });
