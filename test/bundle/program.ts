// What runs in a browser, in the page and in a worker: a program of somebody who has installed the package.
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { type ParameterUpdates, parameterUpdates, portSink, type RunRecord, reviveRecord } from 'trainscope';
import { downloadSink, saveFile } from 'trainscope/browser';
import { startMetrics } from 'trainscope/otel';
import { remoteSink } from 'trainscope/remote';
import { scriptedRun } from 'trainscope/testing';
import { instrument, selectBackend } from 'trainscope/tfjs';
import {
  indexedDbStore,
  memoryStore,
  packCheckpoint,
  Trainer,
  type TrainingArguments,
  unpackCheckpoint,
} from 'trainscope/trainer';

const STORES = { indexedDB: indexedDbStore(), memory: memoryStore() };
type StoreName = keyof typeof STORES;

function newTrainer(store: StoreName, args: TrainingArguments, stopAfter = Number.POSITIVE_INFINITY) {
  const kernel = tf.tidy(() => tf.variable(tf.linspace(-0.5, 0.5, 12).reshape([4, 3])));
  const trainer = new Trainer({
    model: {
      parameters: () => [{ name: 'kernel', variable: kernel }],
      forward: (batch) => tf.matMul((batch as { x: tf.Tensor2D }).x, kernel as tf.Tensor2D),
    },
    trainDataset: Array.from({ length: 20 }, (_, i) => ({ x: [0, 1, 2, 3].map((j) => Math.sin(i + j)), label: i % 3 })),
    checkpointStore: STORES[store],
    callbacks: [
      {
        // Never goes on, as a page that is closed.
        onStepEnd: ({ state }) => (state.globalStep >= stopAfter ? new Promise(() => {}) : undefined),
      },
    ],
    args: {
      ...{ learningRate: 0.05, perDeviceTrainBatchSize: 2, maxSteps: 30, disableTqdm: true },
      ...{ saveStrategy: 'steps', saveSteps: 8, saveTotalLimit: 2, loggingSteps: 5, ...args },
    },
  });
  return { trainer, kernel };
}

/** The weights after a training, which goes on from its last checkpoint if it is told so. */
async function train(store: StoreName, args: TrainingArguments): Promise<readonly number[]> {
  await selectBackend('cpu');
  const { numTensors } = tf.memory();
  const { trainer, kernel } = newTrainer(store, args);
  await trainer.train();
  await trainer.close();
  const weights = [...(await kernel.data())];
  kernel.dispose();
  if (tf.memory().numTensors !== numTensors) throw new Error('tensors are left');
  return weights;
}

/** Resolves when the training has come so far, and stands still. */
async function trainUntil(step: number, args: TrainingArguments): Promise<readonly string[]> {
  await selectBackend('cpu');
  const { trainer } = newTrainer('indexedDB', args, step);
  void trainer.train();
  await new Promise<void>((resolve) =>
    trainer.events$.subscribe((event) => event.type === 'step-end' && event.step === step && resolve()),
  );
  return checkpoints('indexedDB', args.outputDir!);
}

const checkpoints = (store: StoreName, outputDir: string) => STORES[store].list(outputDir);

/** Why a second training may not write to the same folder. */
async function whyNotTwo(outputDir: string): Promise<string> {
  return newTrainer('indexedDB', { outputDir })
    .trainer.train()
    .then(
      () => 'it may',
      (cause: Error) => cause.message,
    );
}

async function packed(store: StoreName, path: string): Promise<{ readonly name: string; readonly bytes: number[] }> {
  const file = await packCheckpoint(STORES[store], path);
  const copy = await unpackCheckpoint(STORES.memory, file, 'copies');
  if ((await STORES.memory.list(copy)).join() !== (await STORES[store].list(path)).join())
    throw new Error('not the same');
  return { name: file.name, bytes: [...new Uint8Array(await file.arrayBuffer())] };
}

/** A run with its updates, followed by a sink until its end. */
async function observed(
  follow: (training: ReturnType<typeof instrument>, records$: ReturnType<typeof merge<[RunRecord]>>) => void,
) {
  await selectBackend('cpu');
  const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3]), true, `w${Math.random()}`));
  const optimizer = tf.train.sgd(0.1);
  const training = instrument(optimizer, { run: 'page', onSinkError: () => {} });
  follow(training, merge(training.events$, training.events$.pipe(parameterUpdates())) as never);
  for (let step = 0; step < 5; step++) {
    optimizer.minimize(() => w.square().sum() as tf.Scalar);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const errors = await training.close();
  w.dispose();
  return errors.map(({ message }) => message);
}

async function downloads(): Promise<Readonly<Record<string, string>>> {
  const download = downloadSink();
  const errors = await observed((training, records$) => training.attach(records$, download));
  if (errors.length > 0) throw new Error(errors.join());
  const files = await Promise.all((['jsonl', 'csv', 'html'] as const).map((form) => download.file(form)));
  if (typeof document !== 'undefined') saveFile(files[1]!);
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file.name, await file.text()] as const)));
}

async function metrics(url: string, protocol: 'http/json' | 'http/protobuf') {
  const setup = await startMetrics({ url, protocol, run: 'page', headers: { 'x-key': 'secret' } });
  const errors = await observed((training, records$) => training.attach(records$, setup.sink));
  return { counts: await setup.finish(), errors };
}

const metricsRefused = (): Promise<string> => startMetrics({ exporter: 'prometheus' }).then(String, String);

const send = (url: string, token: string) =>
  observed((training, records$) => training.attach(records$, remoteSink(url, { token })));

/** What a training in a worker is here: the update norms by `of()`. */
async function norms(): Promise<readonly number[]> {
  const channel = new MessageChannel();
  const seen: number[] = [];
  const ended = new Promise<void>((resolve) => {
    channel.port2.onmessage = ({ data }) => {
      const record = reviveRecord(data);
      if (record.type === 'parameter-updates') {
        const updates = record as unknown as ParameterUpdates;
        seen.push(updates.of(updates.names[0]!).updateNorm);
      }
      if (record.type === 'train-end') resolve();
    };
  });
  await observed((training, records$) => training.attach(records$, portSink(channel.port1)));
  await ended;
  channel.port1.close();
  return seen;
}

const scripted = async () => scriptedRun(2).length;

async function choose(): Promise<string> {
  let said = '';
  await selectBackend(undefined, { say: (line) => (said = line) });
  return said;
}

const CALLS = {
  train,
  trainUntil,
  checkpoints,
  whyNotTwo,
  packed,
  downloads,
  metrics,
  metricsRefused,
  send,
  norms,
  scripted,
  choose,
};

/** Call a function here, or in a worker, where it lives for as long as the page. */
let worker: Worker | undefined;
function callInWorker(name: string, args: readonly unknown[]): Promise<unknown> {
  worker ??= new Worker('/program.js', { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data: [failure, result] }) =>
      failure === undefined ? resolve(result) : reject(new Error(failure));
    worker!.onerror = ({ message }) => reject(new Error(message));
    worker!.postMessage({ call: [name, args], port: port2 }, [port2]);
  });
}

const callHere = (name: string, args: readonly never[]): Promise<unknown> =>
  (CALLS[name as keyof typeof CALLS] as (...args: readonly never[]) => Promise<unknown>)(...args);

if (typeof document === 'undefined') {
  addEventListener('message', ({ data: { call, port } }) => {
    callHere(call[0], call[1]).then(
      (result) => port.postMessage([undefined, result]),
      (cause: Error) => port.postMessage([String(cause.stack)]),
    );
  });
} else Object.assign(globalThis, { callHere, callInWorker });
