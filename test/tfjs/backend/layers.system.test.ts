import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, expect, it } from 'vitest';
import { patchBackend } from '../../../src/tfjs/backend/patch-backend.js';

const { layers } = tf;
const PICTURE = [6, 6, 2];
const TEXT = [5, 3];
const VOLUME = [5, 5, 5, 2];
const ROW = [4];

type Layer = tf.layers.Layer;
type Stack = readonly [shape: readonly number[], make: () => Layer | readonly Layer[]];

/** Behind another one, so that what goes back through a layer is seen as well. */
const behindConv = (make: () => Layer): Stack => [
  PICTURE,
  () => [layers.conv2d({ filters: 3, kernelSize: 2 }), make()],
];
const behindConv3D = (make: () => Layer): Stack => [
  VOLUME,
  () => [layers.conv3d({ filters: 3, kernelSize: 2 }), make()],
];
const behindDense = (make: () => Layer, shape = ROW): Stack => [shape, () => [layers.dense({ units: 3 }), make()]];

/** Every layer of TensorFlow.js that is trained, or that a gradient goes through, by the name of its factory. */
const STACKS: Readonly<Record<string, readonly Stack[]>> = {
  activation: ['elu', 'relu6', 'hardSigmoid', 'softplus', 'tanh', 'swish', 'mish', 'gelu', 'logSoftmax'].map((name) =>
    behindDense(() => layers.activation({ activation: name as 'elu' })),
  ),
  averagePooling1d: [behindDense(() => layers.averagePooling1d({}), TEXT)],
  averagePooling2d: [behindConv(() => layers.averagePooling2d({}))],
  averagePooling3d: [behindConv3D(() => layers.averagePooling3d({ poolSize: 2, strides: [2, 2, 2] }))],
  batchNormalization: [behindConv(() => layers.batchNormalization())],
  bidirectional: [
    [
      TEXT,
      () => layers.bidirectional({ layer: layers.lstm({ units: 2, returnSequences: true }), mergeMode: 'concat' }),
    ],
  ],
  conv1d: [behindDense(() => layers.conv1d({ filters: 3, kernelSize: 2, strides: 2 }), TEXT)],
  conv2d: [
    behindConv(() => layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' })),
    [[2, 6, 6], () => layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst' })],
  ],
  conv2dTranspose: [behindConv(() => layers.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 2 }))],
  conv3d: [behindConv3D(() => layers.conv3d({ filters: 2, kernelSize: 2, strides: 2, padding: 'same' }))],
  convLstm2d: [[[3, 5, 5, 2], () => layers.convLstm2d({ filters: 2, kernelSize: 2 }) as Layer]],
  cropping2D: [behindConv(() => layers.cropping2D({ cropping: 1 }))],
  depthwiseConv2d: [
    behindConv(() => layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', depthMultiplier: 2 })),
    behindConv(() => layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 })),
  ],
  dense: [behindDense(() => layers.dense({ units: 2, kernelConstraint: 'maxNorm', biasConstraint: 'nonNeg' }))],
  elu: [behindDense(() => layers.elu())],
  embedding: [
    [ROW, () => [layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }), layers.lstm({ units: 2 })]],
  ],
  flatten: [behindConv(() => layers.flatten())],
  globalAveragePooling1d: [behindDense(() => layers.globalAveragePooling1d(), TEXT)],
  globalAveragePooling2d: [behindConv(() => layers.globalAveragePooling2d({}))],
  globalMaxPooling1d: [behindDense(() => layers.globalMaxPooling1d(), TEXT)],
  globalMaxPooling2d: [behindConv(() => layers.globalMaxPooling2d({}))],
  gru: [[TEXT, () => layers.gru({ units: 3 })]],
  layerNormalization: [behindDense(() => layers.layerNormalization(), TEXT)],
  leakyReLU: [behindDense(() => layers.leakyReLU())],
  lstm: [[TEXT, () => [layers.lstm({ units: 3, returnSequences: true }), layers.lstm({ units: 2 })]]],
  maxPooling1d: [behindDense(() => layers.maxPooling1d({}), TEXT)],
  maxPooling2d: [behindConv(() => layers.maxPooling2d({})), behindConv(() => layers.maxPooling2d({ padding: 'same' }))],
  maxPooling3d: [behindConv3D(() => layers.maxPooling3d({ poolSize: 2, strides: [2, 2, 2] }))],
  permute: [behindDense(() => layers.permute({ dims: [2, 1] }), TEXT)],
  prelu: [behindDense(() => layers.prelu())],
  reLU: [behindDense(() => layers.reLU({ maxValue: 0.1 }))],
  repeatVector: [behindDense(() => layers.repeatVector({ n: 3 }))],
  rescaling: [behindConv(() => layers.rescaling({ scale: 2 }))],
  reshape: [behindDense(() => layers.reshape({ targetShape: [3, 1] }))],
  rnn: [
    [
      TEXT,
      () =>
        layers.rnn({
          cell: layers.stackedRNNCells({
            cells: [layers.gruCell({ units: 3 }), layers.lstmCell({ units: 3 }), layers.simpleRNNCell({ units: 2 })],
          }) as never,
        }),
    ],
  ],
  separableConv2d: [behindConv(() => layers.separableConv2d({ filters: 3, kernelSize: 2 }))],
  simpleRNN: [[TEXT, () => layers.simpleRNN({ units: 3 })]],
  softmax: [behindDense(() => layers.softmax())],
  timeDistributed: [[TEXT, () => layers.timeDistributed({ layer: layers.dense({ units: 3 }) })]],
  upSampling2d: [
    behindConv(() => layers.upSampling2d({ interpolation: 'nearest' })),
    behindConv(() => layers.upSampling2d({ interpolation: 'bilinear' })),
  ],
  zeroPadding2d: [behindConv(() => layers.zeroPadding2d({ padding: 1 }))],
};

afterEach(() => tf.setBackend('cpu'));

/** The weights that a few steps give, from the same start. */
async function trained(backend: string, [shape, make]: Stack, isOfWords: boolean): Promise<number[]> {
  await tf.setBackend(backend);
  const restore = patchBackend();
  // Batches of one: cpu's gradient of upSampling2d by the nearest is wrong for more.
  const [x, y] = tf.tidy(() => [
    isOfWords ? tf.tensor2d([[1, 2, 1, 0]]) : tf.randomNormal([1, ...shape], 0, 1, 'float32', 1),
    tf.randomNormal([1, 7], 0, 1, 'float32', 2),
  ]);
  const model = tf.sequential({ layers: [layers.inputLayer({ inputShape: [...shape] })] });
  for (const layer of [make()].flat()) model.add(layer as Layer);
  if (model.outputShape.length > 2) model.add(layers.flatten());
  model.add(layers.dense({ units: 7 }));
  const start = tf.tidy(() =>
    model.weights.map(({ shape, name }, i) => {
      const values = tf.randomNormal(shape as number[], 0, 0.5, 'float32', i + 1);
      return name.includes('variance') ? values.abs() : values;
    }),
  );
  model.setWeights(start);
  const optimizer = tf.train.sgd(0.05);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  for (let step = 0; step < 3; step++) await model.trainOnBatch(x!, y!);
  const weights = model.getWeights().flatMap((weight) => [...weight.dataSync()]);
  restore();
  tf.dispose([x!, y!, start]);
  model.dispose();
  optimizer.dispose();
  return weights;
}

it.each(Object.entries(STACKS))('%s is trained on wasm as on cpu', async (name, stacks) => {
  for (const stack of stacks) {
    const [expected, got] = [
      await trained('cpu', stack, name === 'embedding'),
      await trained('wasm', stack, name === 'embedding'),
    ];
    const most = Math.max(...expected.map(Math.abs));
    expect(got).toHaveLength(expected.length);
    expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i]!))) / most).toBeLessThan(1e-4);
  }
});

it('no layer of TensorFlow.js is left out, but those that draw, have no gradient, or are of several inputs', () => {
  const aliases = /^(avg|globalMaxPool\dd$|maxPool\dd$|maxPool1d$|input|gaussian|alpha|spatialDropout|dropout|random)/;
  const without = ['thresholdedReLU', 'conv3dTranspose', 'masking', 'centerCrop', 'resizing', 'categoryEncoding'];
  const parts = ['gruCell', 'lstmCell', 'simpleRNNCell', 'stackedRNNCells', 'convLstm2dCell'];
  const merging = ['add', 'average', 'concatenate', 'dot', 'maximum', 'minimum', 'multiply'];
  const left = Object.keys(layers).filter(
    (name) => /^[a-z]/.test(name) && !aliases.test(name) && ![...without, ...parts, ...merging].includes(name),
  );
  expect(left.filter((name) => !(name in STACKS))).toEqual([]);
});
