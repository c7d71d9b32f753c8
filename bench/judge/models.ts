/** Small models, each made for its data: the last layer is linear, and the loss takes logits. */
import * as tf from '@tensorflow/tfjs';
import type { Data } from './data.js';

export type MakeModel = (data: Data) => tf.LayersModel;

type Activation = 'relu' | 'tanh' | 'sigmoid' | 'elu' | 'linear';
type Initializer = Parameters<typeof tf.layers.dense>[0]['kernelInitializer'];

interface MlpOptions {
  readonly units?: readonly number[];
  readonly activation?: Activation;
  readonly init?: () => NonNullable<Initializer>;
  readonly bias?: number;
  readonly dropout?: number;
  readonly batchNorm?: number;
  readonly outputInit?: () => NonNullable<Initializer>;
  readonly frozen?: boolean;
}

const inputOf = (data: Data) => ({ inputShape: data.x.shape.slice(1) });
const outputsOf = (data: Data) => data.y.shape[1]!;

/** Dense layers; with a momentum of batch norm, each is followed by it. */
export function mlp({ units = [32], activation = 'relu', ...options }: MlpOptions = {}): MakeModel {
  const { init, bias = 0, dropout, batchNorm, outputInit, frozen = false } = options;
  return (data) => {
    const model = tf.sequential();
    units.forEach((count, i) => {
      model.add(
        tf.layers.dense({
          ...(i === 0 && inputOf(data)),
          units: count,
          activation: batchNorm === undefined ? activation : 'linear',
          trainable: !frozen,
          ...(init && { kernelInitializer: init() }),
          ...(bias !== 0 && { biasInitializer: tf.initializers.constant({ value: bias }) }),
        }),
      );
      if (batchNorm !== undefined) {
        model.add(tf.layers.batchNormalization({ momentum: batchNorm }));
        model.add(tf.layers.activation({ activation }));
      }
      if (dropout) model.add(tf.layers.dropout({ rate: dropout }));
    });
    model.add(
      tf.layers.dense({
        ...(units.length === 0 && inputOf(data)),
        units: outputsOf(data),
        ...(outputInit && { kernelInitializer: outputInit() }),
      }),
    );
    return model;
  };
}

export function cnn({ filters = 6, batchNorm = false, frozen = false, bias = 0, init }: CnnOptions = {}): MakeModel {
  return (data) => {
    const model = tf.sequential();
    [filters, 2 * filters].forEach((count, i) => {
      model.add(
        tf.layers.conv2d({
          ...(i === 0 && inputOf(data)),
          filters: count,
          kernelSize: 3,
          strides: 2,
          activation: 'relu',
          trainable: !frozen,
          ...(init && { kernelInitializer: init() }),
          ...(bias !== 0 && { biasInitializer: tf.initializers.constant({ value: bias }) }),
        }),
      );
      if (batchNorm) model.add(tf.layers.batchNormalization({ momentum: 0.9 }));
    });
    model.add(tf.layers.flatten());
    model.add(tf.layers.dense({ units: outputsOf(data) }));
    return model;
  };
}

interface CnnOptions {
  readonly filters?: number;
  readonly batchNorm?: boolean;
  readonly frozen?: boolean;
  readonly bias?: number;
  readonly init?: () => NonNullable<Initializer>;
}

/** The mean of word vectors, and a hidden layer or none. */
export function pooled({ words = 400, size = 16, units = 0 } = {}): MakeModel {
  return (data) => {
    const model = tf.sequential();
    model.add(tf.layers.embedding({ inputDim: words, outputDim: size, inputLength: data.x.shape[1]! }));
    model.add(tf.layers.globalAveragePooling1d({}));
    if (units > 0) model.add(tf.layers.dense({ units, activation: 'relu' }));
    model.add(tf.layers.dense({ units: outputsOf(data) }));
    return model;
  };
}

interface RecurrentOptions {
  readonly cell?: 'lstm' | 'gru' | 'simpleRNN';
  readonly units?: number;
  /** Of ids: how many there are. */
  readonly words?: number;
  readonly init?: () => NonNullable<Initializer>;
  readonly frozen?: boolean;
}

export function recurrent({
  cell = 'lstm',
  units = 12,
  words,
  init,
  frozen = false,
}: RecurrentOptions = {}): MakeModel {
  return (data) => {
    const model = tf.sequential();
    if (words) {
      const embedding = { inputDim: words, outputDim: 8, inputLength: data.x.shape[1]!, trainable: !frozen };
      model.add(tf.layers.embedding(embedding));
    }
    model.add(
      tf.layers[cell]({
        ...(!words && inputOf(data)),
        units,
        trainable: !frozen,
        ...(init && { recurrentInitializer: init() }),
      }),
    );
    model.add(tf.layers.dense({ units: outputsOf(data) }));
    return model;
  };
}

/** A convolution over word vectors, the largest of each filter. */
export function textCnn({ words = 400 } = {}): MakeModel {
  return (data) => {
    const model = tf.sequential();
    model.add(tf.layers.embedding({ inputDim: words, outputDim: 8, inputLength: data.x.shape[1]! }));
    model.add(tf.layers.conv1d({ filters: 8, kernelSize: 3, activation: 'relu' }));
    model.add(tf.layers.globalMaxPooling1d({}));
    model.add(tf.layers.dense({ units: outputsOf(data) }));
    return model;
  };
}

/** Through a narrow layer, back to what came in. */
export function autoencoder({ units = 24, activation = 'relu' as Activation } = {}): MakeModel {
  return (data) => {
    const model = tf.sequential();
    model.add(tf.layers.dense({ ...inputOf(data), units, activation }));
    model.add(tf.layers.dense({ units: outputsOf(data) }));
    return model;
  };
}

/** Dense layers that each add to what goes past them. */
export function residual({ units = 16, depth = 4 } = {}): MakeModel {
  return (data) => {
    const input = tf.input({ shape: data.x.shape.slice(1) });
    let hidden = tf.layers.dense({ units, activation: 'relu' }).apply(input) as tf.SymbolicTensor;
    for (let i = 0; i < depth; i++) {
      const more = tf.layers.dense({ units, activation: 'relu' }).apply(hidden) as tf.SymbolicTensor;
      hidden = tf.layers.add().apply([hidden, more]) as tf.SymbolicTensor;
    }
    const output = tf.layers.dense({ units: outputsOf(data) }).apply(hidden) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: output });
  };
}

export const normalInit = (stddev: number) => () => tf.initializers.randomNormal({ stddev });
export const constantInit = (value: number) => () => tf.initializers.constant({ value });
