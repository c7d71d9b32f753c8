import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { BertForSequenceClassification } from '../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../examples/bert-sst2/bert-config.js';
import { BertTokenizer } from '../../examples/bert-sst2/tokenizer.js';
import { batches } from '../../examples/text/batches.js';
import { loadSentences } from '../../examples/text/sentences.js';

/** A model in its first state, and data that differ from batch to batch: `loss` is that of the n-th batch, from 0. */
export interface ToLearn {
  readonly loss: (batch: number) => tf.Scalar;
  readonly dispose: () => void;
}

export interface ProblemToLearn {
  readonly name: string;
  /** wasm has no kernel for a convolution's gradient. */
  readonly backend: 'wasm' | 'cpu';
  readonly steps: number;
  readonly seeds: number;
  readonly make: (seed: number) => Promise<ToLearn>;
}

const glorot = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });

/** A smooth function of four variables, by three layers. */
async function regression(seed: number): Promise<ToLearn> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 32, activation: 'relu', ...glorot(seed * 10 + 1) }),
      tf.layers.dense({ units: 32, activation: 'relu', ...glorot(seed * 10 + 2) }),
      tf.layers.dense({ units: 1, ...glorot(seed * 10 + 3) }),
    ],
  });
  const x = tf.randomNormal<tf.Rank.R2>([1024, 4], 0, 1, 'float32', seed + 1);
  const y = tf.tidy(() =>
    x
      .slice([0, 0], [-1, 2])
      .sin()
      .sum(1, true)
      .add(x.slice([0, 2], [-1, 2]).prod(1, true)),
  );
  return {
    loss: (batch) => {
      const at = [(batch * 32) % 1024, 0];
      return tf.losses.meanSquaredError(
        y.slice(at, [32, 1]),
        model.apply(x.slice(at as [number, number], [32, 4]), { training: true }) as tf.Tensor,
      ) as tf.Scalar;
    },
    dispose: () => {
      tf.dispose([x, y]);
      model.dispose();
    },
  };
}

interface Digit {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

const BATCH = 16;
let digits: { training: readonly Digit[] } | undefined;

/** Real digits at half their size, by two small convolutions: the cpu backend is all there is for their gradients. */
async function mnist(seed: number): Promise<ToLearn> {
  const load = createRequire(import.meta.url)('mnist') as { set(training: number, test: number): typeof digits };
  digits ??= load.set(2000, 1);
  const { training } = digits!;
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [14, 14, 1],
        filters: 4,
        kernelSize: 3,
        strides: 2,
        activation: 'relu',
        ...glorot(seed * 10 + 1),
      }),
      tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, activation: 'relu', ...glorot(seed * 10 + 2) }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, ...glorot(seed * 10 + 3) }),
    ],
  });
  return {
    loss: (batch) => {
      const from = ((seed * 200 + batch) * BATCH) % (training.length - BATCH);
      const chosen = training.slice(from, from + BATCH);
      const pixels = tf.tensor4d(Float32Array.from(chosen.flatMap(({ input }) => input)), [BATCH, 28, 28, 1]);
      const x = tf.avgPool(pixels, 2, 2, 'valid');
      const y = tf.tensor2d(chosen.map(({ output }) => [...output]));
      return tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
    },
    dispose: () => model.dispose(),
  };
}

let sentences: Awaited<ReturnType<typeof tokenized>> | undefined;

async function tokenized() {
  const tokenizer = await BertTokenizer.uncased();
  return (await loadSentences()).map(({ sentence, label }) => ({
    ...tokenizer.encode(sentence, { maxLength: 32 }),
    label,
  }));
}

/** The main job: sentiment by a BERT from scratch. */
async function bert(seed: number): Promise<ToLearn> {
  sentences ??= await tokenized();
  const given = [...batches(sentences.slice(seed * 200, seed * 200 + 800), { batchSize: 8, padTo: 32 })];
  const model = new BertForSequenceClassification(
    bertConfig({ hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 512 }),
    seed,
  );
  return {
    loss: (batch) => model.loss(given[batch % given.length]!, { training: true }),
    dispose: () => model.dispose(),
  };
}

export const PROBLEMS: readonly ProblemToLearn[] = [
  { name: 'MLP regression, batch 32', backend: 'wasm', steps: 150, seeds: 10, make: regression },
  { name: 'CNN on MNIST digits at 14 × 14, batch 16', backend: 'cpu', steps: 30, seeds: 10, make: mnist },
  { name: 'BERT 2 × 128, sequence 32, batch 8', backend: 'wasm', steps: 20, seeds: 2, make: bert },
];
