import * as tf from '@tensorflow/tfjs';
import type { Model } from './cases.js';

/** A model that is made the same each time, and what it trains on. Whoever gets it disposes all three. */
export interface Trained {
  readonly model: tf.LayersModel;
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
}

const EXAMPLES = 16;

const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });

const LAYERS: Readonly<Record<Model, () => tf.layers.Layer[]>> = {
  MLP: () => [
    tf.layers.dense({ inputShape: [30], units: 41, activation: 'relu', kernelInitializer: seeded(1), name: 'hidden' }),
    tf.layers.dense({ units: 5, activation: 'softmax', kernelInitializer: seeded(2), name: 'head' }),
  ],
  CNN: () => [
    tf.layers.conv2d({
      inputShape: [9, 9, 1],
      filters: 5,
      kernelSize: 3,
      activation: 'relu',
      kernelInitializer: seeded(1),
      name: 'conv',
    }),
    tf.layers.maxPooling2d({ poolSize: 2, name: 'pool' }),
    tf.layers.flatten({ name: 'flat' }),
    tf.layers.dense({ units: 5, activation: 'softmax', kernelInitializer: seeded(2), name: 'head' }),
  ],
  'embedding + LSTM': () => [
    tf.layers.embedding({
      inputDim: 50,
      outputDim: 6,
      inputLength: 4,
      embeddingsInitializer: seeded(1),
      name: 'words',
    }),
    tf.layers.lstm({
      units: 7,
      kernelInitializer: seeded(2),
      recurrentInitializer: tf.initializers.glorotUniform({ seed: 3 }),
      name: 'lstm',
    }),
    tf.layers.dense({ units: 5, activation: 'softmax', kernelInitializer: seeded(4), name: 'head' }),
  ],
};

const INPUTS: Readonly<Record<Model, () => tf.Tensor>> = {
  MLP: () => tf.randomNormal([EXAMPLES, 30], 0, 1, 'float32', 7),
  CNN: () => tf.randomNormal([EXAMPLES, 9, 9, 1], 0, 1, 'float32', 7),
  // A third of the words never comes, so that their rows do not change.
  'embedding + LSTM': () => tf.tidy(() => tf.randomUniform([EXAMPLES, 4], 0, 33, 'float32', 7).floor()),
};

export function trained(name: Model): Trained {
  const model = tf.sequential({ layers: LAYERS[name]() });
  // In float16 what Adam divides by is 0.
  const optimizer = isFloat16() ? tf.train.sgd(0.1) : tf.train.adam(1e-2);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const y = tf.tidy(() => tf.oneHot(tf.range(0, EXAMPLES, 1, 'int32').mod(tf.scalar(5, 'int32')), 5).toFloat());
  return { model, x: INPUTS[name](), y };
}

function isFloat16(): boolean {
  return tf.getBackend() === 'webgl' && !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED');
}

export function disposeTrained({ model, x, y }: Trained): void {
  const { optimizer } = model;
  model.dispose();
  optimizer?.dispose();
  tf.dispose([x, y]);
}
