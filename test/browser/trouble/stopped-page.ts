// What runs in the browser: a fit that somebody ends in the middle of an epoch.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import { ofType, type ParameterUpdates, parameterUpdates } from 'trainscope';
import { instrument, selectBackend } from '../../../src/tfjs.browser.js';

setWasmPaths('/wasm/');

export type StoppedBackend = 'webgpu' | 'webgl' | 'wasm' | 'cpu';
export type Way = 'stopTraining' | 'throws';

export interface Stopped {
  /** The batches that began to be trained. */
  readonly batches: number;
  readonly thrown: string;
  readonly ends: readonly string[];
  readonly stepEnds: readonly number[];
  /** Steps that were measured, all numbers of which are finite. */
  readonly measured: readonly number[];
  readonly errors: readonly string[];
  /** More than there are without an observer. */
  readonly leakedTensors: number;
  readonly leakedBytes: number;
}

const use = (name: StoppedBackend) => selectBackend(name);

/** In the second epoch's second of five batches somebody ends it: before our callback hears of the batch, or after. */
async function stop(way: Way, first: boolean): Promise<Stopped> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [6], units: 5, activation: 'relu' }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(1e-2), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const x = tf.randomNormal([20, 6], 0, 1, 'float32', 1);
  const y = tf.tidy(() => tf.oneHot(tf.range(0, 20, 1, 'int32').mod(tf.scalar(3, 'int32')), 3).toFloat());
  let batches = 0;
  const ender = {
    onBatchEnd() {
      batches++;
      if (batches % 7 !== 0) return;
      if (way === 'throws') throw new Error('enough');
      model.stopTraining = true;
    },
    // As ours does: with somebody to hear of an epoch, TensorFlow.js reads what it would keep until the end.
    onEpochEnd() {},
  };
  const args = { epochs: 3, batchSize: 4, verbose: 0 } as const;
  const train = (callbacks: tf.ModelFitArgs['callbacks']) =>
    model.fit(x, y, { ...args, ...(callbacks && { callbacks }) }).then(() => '', String);
  // Adam makes its own variables in its first step.
  await train(ender);
  const plain = await kept(() => train(ender));

  batches = 0;
  const ends: string[] = [];
  const stepEnds: number[] = [];
  const measured: number[] = [];
  let thrown = '';
  let errors: readonly { readonly message: string }[] = [];
  const observed = await kept(async () => {
    const training = instrument(model, { onSinkError: () => {} });
    const { events$ } = training;
    training.attach(events$.pipe(ofType('train-end')), ({ status, reason = '' }) => ends.push(`${status}: ${reason}`));
    training.attach(events$.pipe(ofType('step-end')), ({ step }) => stepEnds.push(step));
    training.attach(events$.pipe(parameterUpdates()), (updates) => {
      if (hasAllNumbers(updates)) measured.push(updates.step);
    });
    const ours = training.callbacks();
    thrown = await train((first ? [ender, ours] : [ours, ender]) as tf.ModelFitArgs['callbacks']);
    errors = await training.close();
  });
  for (const each of [x, y, model, model.optimizer]) each.dispose();
  return {
    ...{ batches, thrown, ends, stepEnds, measured, errors: errors.map(({ message }) => message) },
    leakedTensors: observed.tensors - plain.tensors,
    leakedBytes: observed.bytes - plain.bytes,
  };
}

/** What of the backend's memory is taken after something that was free before. */
async function kept(act: () => Promise<unknown>): Promise<{ readonly tensors: number; readonly bytes: number }> {
  const before = tf.memory();
  await act();
  const after = tf.memory();
  return { tensors: after.numTensors - before.numTensors, bytes: after.numBytes - before.numBytes };
}

function hasAllNumbers({ columns, loss }: ParameterUpdates): boolean {
  return [loss, ...Object.values(columns).flatMap((column) => [...column])].every(Number.isFinite);
}

const page = { use, stop };
export type StoppedPage = typeof page;
Object.assign(globalThis, { page });
