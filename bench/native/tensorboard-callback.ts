import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { everyEpochs, parameterUpdates } from 'trainscope';
import { tensorboardSink } from 'trainscope/node';
import { instrument } from 'trainscope/tfjs';
import { quick } from '../quick.js';
import { median, table } from '../report.js';

const EPOCHS = 3;
const EXAMPLES = quick ? 64 : 1024;
const BATCH = 64;
const ROUNDS = quick ? 1 : 7;

interface TfjsNode {
  readonly node: { tensorBoard(folder: string, options: { histogramFreq: number }): tf.CustomCallback };
}

type Way = (model: tf.LayersModel, folder: string, train: (callbacks?: object) => Promise<unknown>) => Promise<void>;

const WAYS: Readonly<Record<string, Way>> = {
  'no one looks': async (_model, _folder, train) => void (await train()),
  'tf.node.tensorBoard, histograms of weights every epoch': async (_model, folder, train) => {
    const { node } = createRequire(import.meta.url)('@tensorflow/tfjs-node') as TfjsNode;
    await train(node.tensorBoard(folder, { histogramFreq: 1 }));
  },
  'trainscope: norms of every parameter at every step': (model, folder, train) => observe(model, folder, train, false),
  'trainscope: the same, and histograms of weights and updates every epoch': (model, folder, train) =>
    observe(model, folder, train, true),
};

async function observe(
  model: tf.LayersModel,
  folder: string,
  train: (callbacks?: object) => Promise<unknown>,
  histograms: boolean,
): Promise<void> {
  const training = instrument(model);
  training.attach(training.events$.pipe(parameterUpdates()), tensorboardSink(folder));
  if (histograms) {
    const every$ = training.events$.pipe(parameterUpdates({ when: everyEpochs(1), histograms: ['weight', 'update'] }));
    training.attach(every$, tensorboardSink(join(folder, 'histograms')));
  }
  await train(training.callbacks());
  const errors = await training.close();
  training.unhook();
  if (errors.length > 0) throw new Error(errors[0]!.message);
}

export async function tensorboardCallback(): Promise<string> {
  const model = dense();
  const x = tf.randomNormal([EXAMPLES, 784], 0, 1, 'float32', 1);
  const y = tf.tidy(() => tf.oneHot(tf.range(0, EXAMPLES, 1, 'int32').mod(tf.scalar(10, 'int32')).toInt(), 10));
  const train = (callbacks?: object) =>
    model.fit(x, y, { epochs: EPOCHS, batchSize: BATCH, verbose: 0, shuffle: false, ...(callbacks && { callbacks }) });
  await train();
  const times = new Map<string, number[]>(Object.keys(WAYS).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(WAYS)) {
      const folder = mkdtempSync(join(tmpdir(), 'trainscope-tensorboard-'));
      const begin = performance.now();
      await way(model, folder, train);
      times.get(name)!.push(performance.now() - begin);
      rmSync(folder, { recursive: true });
    }
  }
  model.dispose();
  tf.dispose([x, y]);
  const plain = median(times.get('no one looks')!);
  return table(
    [`fit of 784-1024-1024-10, ${EPOCHS} epochs of ${EXAMPLES / BATCH} steps`, 'ms', 'against no one looking'],
    [...times].map(([name, list]) => [name, median(list).toFixed(0), (median(list) / plain).toFixed(3)]),
  );
}

function dense(): tf.LayersModel {
  const layer = (units: number, activation: 'relu' | 'softmax', seed: number) =>
    tf.layers.dense({ units, activation, kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape: [784] }));
  for (const [i, units] of [1024, 1024].entries()) model.add(layer(units, 'relu', i));
  model.add(layer(10, 'softmax', 3));
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy' });
  return model;
}
