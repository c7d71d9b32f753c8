import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { defaultRules, parameterUpdates } from 'trainscope';
import { jsonlSink } from 'trainscope/node';
import { accuracy, Trainer } from 'trainscope/trainer';

const EXAMPLES = 160;
/** What the runs differ in, besides their seed. */
const RATES = [1e-3, 3e-3, 0.3];
const DECAYS = [0, 0.01];

/** Train a small network to read digits, once a seed, and record each run in a file: with its settings, metrics and alerts. */
export async function recordDigits(folder: string, count: number): Promise<readonly string[]> {
  await tf.setBackend('cpu');
  const mnist = createRequire(import.meta.url)('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
  const digits = Array.from({ length: EXAMPLES }, (_, i) => ({
    xs: Float32Array.from(mnist[i % 10]!.get(Math.floor(i / 10))),
    label: i % 10,
  }));
  const files: string[] = [];
  for (let seed = 1; seed <= count; seed++) files.push(await recordOne(folder, digits, seed));
  return files;
}

async function recordOne(folder: string, digits: readonly { xs: Float32Array; label: number }[], seed: number) {
  const dense = (name: string, units: number, more: object) =>
    tf.layers.dense({ name, units, kernelInitializer: tf.initializers.glorotNormal({ seed }), ...more });
  const model = tf.sequential({
    layers: [
      dense('encoder.layer.0.hidden', 16, { inputShape: [784], activation: 'relu' }),
      dense('encoder.layer.1.hidden', 16, { activation: 'relu' }),
      dense('classifier', 10, { activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  const trainer = new Trainer({
    model,
    trainDataset: digits.slice(0, 120),
    evalDataset: digits.slice(120),
    args: {
      outputDir: join(folder, `out-${seed}`),
      runName: `digits-mlp-seed-${seed}`,
      saveStrategy: 'no',
      evalStrategy: 'epoch',
      numTrainEpochs: 4,
      perDeviceTrainBatchSize: 8,
      learningRate: RATES[seed % RATES.length]!,
      weightDecay: DECAYS[seed % DECAYS.length]!,
      disableTqdm: true,
      seed,
    },
    computeMetrics: ({ predictions, labels }) => ({ accuracy: accuracy(predictions, labels) }),
  });
  const file = join(folder, `seed-${seed}.jsonl`);
  const updates$ = trainer.events$.pipe(
    parameterUpdates({
      statistics: ['updateNorm', 'weightNorm', 'updateRatio', 'gradientNorm', 'unchanged'],
      histograms: ['weight', 'update', 'gradient'],
    }),
  );
  trainer.report(trainer.events$.pipe(defaultRules()));
  trainer.attach(merge(trainer.events$, updates$), jsonlSink(file));
  await trainer.train();
  await trainer.close();
  model.dispose();
  return file;
}
