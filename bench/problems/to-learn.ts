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
  /** Long enough to converge at the best rate. */
  readonly steps: number;
  readonly optimizer: (rate: number) => tf.Optimizer;
  readonly make: (seed: number) => Promise<ToLearn>;
}

const glorot = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });

/** A model of layers whose output is logits, or a number, and the batches that it learns. */
function learn(
  model: tf.Sequential,
  batchOf: (batch: number) => { readonly x: tf.Tensor; readonly y: tf.Tensor },
  lossOf: (y: tf.Tensor, output: tf.Tensor) => tf.Tensor,
): ToLearn {
  return {
    loss: (batch) => {
      const { x, y } = batchOf(batch);
      return lossOf(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
    },
    dispose: () => model.dispose(),
  };
}

const crossEntropy = (y: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, logits);
const squaredError = (y: tf.Tensor, output: tf.Tensor) => tf.losses.meanSquaredError(y, output);
const binaryCrossEntropy = (y: tf.Tensor, logits: tf.Tensor) => tf.losses.sigmoidCrossEntropy(y, logits);

/** A smooth function of four variables, by three layers. */
async function regression(seed: number): Promise<ToLearn> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 32, activation: 'relu', ...glorot(seed * 10 + 1) }),
      tf.layers.dense({ units: 32, activation: 'relu', ...glorot(seed * 10 + 2) }),
      tf.layers.dense({ units: 1, ...glorot(seed * 10 + 3) }),
    ],
  });
  const batchOf = (batch: number) => {
    const x = tf.randomNormal<tf.Rank.R2>([32, 4], 0, 1, 'float32', seed * 1000 + batch + 1);
    const waves = x.slice([0, 0], [-1, 2]).sin().sum(1, true);
    return { x, y: waves.add(x.slice([0, 2], [-1, 2]).prod(1, true)) };
  };
  return learn(model, batchOf, squaredError);
}

/** Three kinds in four measures, of which two overlap, as the irises' do. */
async function flowers(seed: number): Promise<ToLearn> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 8, activation: 'tanh', ...glorot(seed * 10 + 1) }),
      tf.layers.dense({ units: 3, ...glorot(seed * 10 + 2) }),
    ],
  });
  const centres = tf.tensor2d([
    [-1.0, 0.8, -1.3, -1.25],
    [0.1, -0.65, 0.28, 0.17],
    [0.9, -0.2, 1.02, 1.08],
  ]);
  const batchOf = (batch: number) => {
    const kinds = tf.tensor1d(
      Array.from({ length: 30 }, (_, i) => i % 3),
      'int32',
    );
    const noise = tf.randomNormal<tf.Rank.R2>([30, 4], 0, 0.4, 'float32', seed * 1000 + batch + 1);
    return { x: centres.gather(kinds).add(noise), y: tf.oneHot(kinds, 3) };
  };
  const { loss, dispose } = learn(model, batchOf, crossEntropy);
  return {
    loss,
    dispose: () => {
      centres.dispose();
      dispose();
    },
  };
}

interface Digit {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

let digits: readonly Digit[] | undefined;

/** Real digits, each the means of squares of so many pixels: the n-th batch. */
function digitsOf(seed: number, size: number, square: number): (batch: number) => { x: tf.Tensor; y: tf.Tensor } {
  digits ??= loadDigits();
  const side = 28 / square;
  const small = digits.map(({ input }) => meansOfSquares(input, square));
  return (batch) => {
    const chosen = Array.from({ length: size }, (_, i) => (seed * 397 + batch * size + i) % small.length);
    const pixels = new Float32Array(size * side * side);
    for (const [i, one] of chosen.entries()) pixels.set(small[one]!, i * side * side);
    return {
      x: tf.tensor4d(pixels, [size, side, side, 1]),
      y: tf.tensor2d(chosen.map((one) => [...digits![one]!.output])),
    };
  };
}

/** Two hundred of each, in turn. What the package calls a set is in another order each time. */
function loadDigits(): readonly Digit[] {
  const load = createRequire(import.meta.url)('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
  return Array.from({ length: 2000 }, (_, i) => ({
    input: load[i % 10]!.get(Math.floor(i / 10)),
    output: Array.from({ length: 10 }, (_, digit) => (digit === i % 10 ? 1 : 0)),
  }));
}

function meansOfSquares(pixels: readonly number[], square: number): Float32Array {
  const side = 28 / square;
  const means = new Float32Array(side * side);
  pixels.forEach((pixel, i) => {
    const at = Math.floor(i / 28 / square) * side + Math.floor((i % 28) / square);
    means[at]! += pixel / square ** 2;
  });
  return means;
}

async function digitsByLayers(seed: number): Promise<ToLearn> {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [7, 7, 1] }),
      tf.layers.dense({ units: 32, activation: 'relu', ...glorot(seed * 10 + 1) }),
      tf.layers.dense({ units: 10, ...glorot(seed * 10 + 2) }),
    ],
  });
  return learn(model, digitsOf(seed, 32, 4), crossEntropy);
}

/** By two small convolutions: the cpu backend is all there is for their gradients. */
async function digitsByConvolutions(seed: number): Promise<ToLearn> {
  const convolution = { kernelSize: 3, activation: 'relu' } as const;
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [7, 7, 1], filters: 4, ...convolution, ...glorot(seed * 10 + 1) }),
      tf.layers.conv2d({ filters: 4, strides: 2, ...convolution, ...glorot(seed * 10 + 2) }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, ...glorot(seed * 10 + 3) }),
    ],
  });
  return learn(model, digitsOf(seed, 8, 4), crossEntropy);
}

/** Whether more of a sequence lies above zero than below, by the last state of an LSTM. */
async function sequences(seed: number): Promise<ToLearn> {
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({
        inputShape: [4, 1],
        units: 8,
        ...glorot(seed * 10 + 1),
        recurrentInitializer: tf.initializers.glorotUniform({ seed: seed * 10 + 2 }),
      }),
      tf.layers.dense({ units: 1, ...glorot(seed * 10 + 3) }),
    ],
  });
  const batchOf = (batch: number) => {
    const x = tf.randomNormal<tf.Rank.R3>([16, 4, 1], 0, 1, 'float32', seed * 1000 + batch + 1);
    return { x, y: x.sum(1).greater(0).toFloat() };
  };
  return learn(model, batchOf, binaryCrossEntropy);
}

let sentences: Awaited<ReturnType<typeof tokenized>> | undefined;

async function tokenized() {
  const tokenizer = await BertTokenizer.uncased();
  return (await loadSentences()).map(({ sentence, label }) => ({
    ...tokenizer.encode(sentence, { maxLength: 16 }),
    label,
  }));
}

/** Sentences of reviews: who likes it and who does not, in turn. */
async function textOf(seed: number, batchSize: number) {
  sentences ??= await tokenized();
  return [...batches(sentences, { batchSize, padTo: 16, shuffle: [seed, 0] })];
}

const WORDS = 200;

/** Sentiment by the mean of the words' embeddings, over few sentences again and again. */
async function bagOfWords(seed: number): Promise<ToLearn> {
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({
        inputDim: WORDS,
        outputDim: 16,
        inputLength: 16,
        embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.05, maxval: 0.05, seed: seed * 10 + 1 }),
      }),
      tf.layers.globalAveragePooling1d({}),
      tf.layers.dense({ units: 1, ...glorot(seed * 10 + 2) }),
    ],
  });
  const given = (await textOf(seed, 32)).slice(0, 12);
  const batchOf = (batch: number) => {
    const { size, length, inputIds, labels } = given[batch % given.length]!;
    const words = inputIds.map((id) => id % WORDS);
    return { x: tf.tensor2d(words, [size, length], 'int32'), y: tf.tensor2d(Float32Array.from(labels!), [size, 1]) };
  };
  return learn(model, batchOf, binaryCrossEntropy);
}

/** The main job in small: sentiment by a BERT from scratch, over few sentences again and again. */
async function bert(seed: number): Promise<ToLearn> {
  const given = (await textOf(seed, 8)).slice(0, 6);
  const size = { hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 64 };
  const model = new BertForSequenceClassification(
    bertConfig({ ...size, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }),
    seed,
  );
  return {
    loss: (batch) => model.loss(given[batch % given.length]!, { training: true }),
    dispose: () => model.dispose(),
  };
}

const adam = (rate: number) => tf.train.adam(rate);

export const PROBLEMS: readonly ProblemToLearn[] = [
  { name: 'digits, MLP, Adam', backend: 'wasm', steps: 200, optimizer: adam, make: digitsByLayers },
  { name: 'flowers, MLP, SGD', backend: 'wasm', steps: 200, optimizer: (rate) => tf.train.sgd(rate), make: flowers },
  { name: 'regression, MLP, Adam', backend: 'wasm', steps: 250, optimizer: adam, make: regression },
  {
    name: 'digits, CNN, momentum',
    backend: 'cpu',
    steps: 120,
    optimizer: (rate) => tf.train.momentum(rate, 0.9),
    make: digitsByConvolutions,
  },
  { name: 'bag of words, Adam', backend: 'wasm', steps: 200, optimizer: adam, make: bagOfWords },
  {
    name: 'sequences, LSTM, RMSProp',
    backend: 'wasm',
    steps: 120,
    optimizer: (rate) => tf.train.rmsprop(rate),
    make: sequences,
  },
  { name: 'sentences, BERT 1 × 32, Adam', backend: 'wasm', steps: 48, optimizer: adam, make: bert },
];
