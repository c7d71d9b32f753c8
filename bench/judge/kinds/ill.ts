/** Trainings in which something is wrong, each for a reason that it was given. */
import * as tf from '@tensorflow/tfjs';
import type { Claim } from '../claims.js';
import * as data from '../data.js';
import { family, type Kind } from '../kind.js';
import * as models from '../models.js';
import { adam, adamw, momentum, rmsprop, sgd } from '../optimizers.js';
import { type Batch, type Setting, trained } from '../trained.js';
import { opponent, transformer } from './special.js';

/** What is true of a training that does not get anywhere. */
const STUCK: readonly Claim[] = ['never-learned', 'plateau', 'finished'];
/** What is true of one that leaps about. */
const WILD: readonly Claim[] = ['exploding-updates', 'bad-batch', ...STUCK];

const digits = (setting: Partial<Setting>) =>
  trained({ data: data.digits(), model: models.mlp(), optimizer: adam(2e-3), batch: 32, epochs: 10, ...setting });
const surface = (setting: Partial<Setting>) =>
  trained({
    data: data.surface(),
    model: models.mlp({ units: [32] }),
    optimizer: adam(5e-3),
    batch: 16,
    epochs: 15,
    ...setting,
  });
const pictures = (setting: Partial<Setting>) =>
  digits({ data: data.digits({ pictures: true }), model: models.cnn(), ...setting });

const times = (factor: number) => (x: tf.Tensor) => x.mul(factor);
/** Labels that have nothing to do with the inputs. */
const shuffledRows = (y: tf.Tensor) => {
  const order = tf.util.createShuffledIndices(y.shape[0]!);
  return tf.gather(y, tf.tensor1d([...order], 'int32'));
};
const allOf = (label: number) => (y: tf.Tensor) =>
  tf.oneHot(tf.fill([y.shape[0]!], label, 'int32'), y.shape[1]!).cast('float32');
const beside = (x: tf.Tensor, y: tf.Tensor) => tf.concat([x, y.mul(3)], 1);
const instead = (at: number, change: (batch: Batch) => Batch) => (step: number, batch: Batch) =>
  step === at ? change(batch) : batch;
const waits = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const ILL: readonly Kind[] = [
  ...family(
    'a rate that is too low',
    { causes: ['rate-too-low'], alsoTrue: STUCK },
    {
      'digits, SGD 1e-5': digits({ optimizer: sgd(1e-5) }),
      'surface, Adam 1e-6': surface({ optimizer: adam(1e-6) }),
    },
    {
      'waves, LSTM, SGD 1e-4': trained({
        data: data.waves(),
        model: models.recurrent(),
        optimizer: sgd(1e-4),
        batch: 32,
        epochs: 30,
      }),
      'transformer, AdamW 1e-7': transformer({ optimizer: adamw(1e-7), epochs: 7, batchSize: 16 }),
    },
  ),
  ...family(
    'a rate that is too high',
    {
      causes: ['rate-too-high'],
      alsoTrue: [...WILD, 'dead-relu', 'non-finite', 'saturated-activation', 'vanishing-gradients', 'unused-parameter'],
    },
    {
      'digits, SGD 20': digits({ optimizer: sgd(20) }),
      'digits, Adam 0.5': digits({ optimizer: adam(0.5), model: models.mlp({ units: [32, 16] }) }),
      'plane, SGD 1, full batch': trained({
        data: data.plane(),
        model: models.mlp({ units: [] }),
        optimizer: sgd(2),
        batch: 'all',
        epochs: 60,
      }),
    },
    {
      'surface, momentum 0.5': surface({ optimizer: momentum(0.5) }),
      'digits, CNN, RMSProp 0.3': pictures({ optimizer: rmsprop(0.3) }),
      'transformer, Adam 0.1': transformer({ optimizer: adam(0.1), epochs: 4, batchSize: 16 }),
    },
  ),
  ...family(
    'a huge epsilon',
    { causes: ['epsilon-too-large', 'rate-too-low'], alsoTrue: STUCK },
    { 'digits, Adam 1e-3, epsilon 100': digits({ optimizer: adam(1e-3, 100) }) },
    { 'surface, RMSProp 1e-3, epsilon 1e6': surface({ optimizer: rmsprop(1e-3, 1e6) }) },
  ),
  ...family(
    'far too tight clipping',
    { causes: ['clipping-too-tight', 'rate-too-low'], alsoTrue: STUCK },
    { 'digits, SGD 0.1, clipped to 1e-4': digits({ optimizer: sgd(0.1), clip: 1e-4 }) },
    { 'surface, momentum 0.01, clipped to 1e-4': surface({ optimizer: momentum(0.01), clip: 1e-4 }) },
  ),
  ...family(
    'a rate that is zero',
    { causes: ['rate-zero'], alsoTrue: [...STUCK, 'unused-parameter', 'frozen'] },
    {
      'digits, rate 0 after a warm-up': digits({
        optimizer: adam(2e-3),
        rate: (step) => (step < 20 ? (step + 1) / 20 : 0),
      }),
      'surface, rate 0 from a schedule that is too short': surface({ rate: (step) => Math.max(0, 1 - step / 60) }),
    },
    {
      'clouds, rate 0 at first': trained({
        data: data.clouds(),
        model: models.mlp(),
        optimizer: sgd(0.1),
        batch: 32,
        epochs: 10,
        rate: (step) => (step < 40 ? 0 : 1),
      }),
      'waves, GRU, rate 0 in the middle': trained({
        data: data.waves(),
        model: models.recurrent({ cell: 'gru' }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 12,
        rate: (step) => (step > 30 ? 0 : 1),
      }),
    },
  ),
  ...family(
    'labels by chance',
    { causes: ['random-labels', 'overfit'], alsoTrue: STUCK },
    { 'digits, shuffled labels': digits({ data: data.withTargets(data.digits(), shuffledRows) }) },
    { 'surface, shuffled values': surface({ data: data.withTargets(data.surface(), shuffledRows), epochs: 25 }) },
  ),
  ...family(
    'labels that are all the same',
    { causes: ['constant-labels', 'label-leak'], alsoTrue: STUCK },
    { 'digits, all of them a 3': digits({ data: data.withTargets(data.digits(), allOf(3)) }) },
    {
      'sentences, all of them liked': trained({
        data: data.withTargets(data.sentences(), allOf(1)),
        model: models.pooled(),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 6,
      }),
    },
  ),
  ...family(
    'labels that leak into the inputs',
    { causes: ['label-leak'], alsoTrue: ['finished'] },
    {
      'digits, with the label beside': digits({
        data: data.withInputs(data.digits(), beside),
        model: models.mlp({ units: [32] }),
        optimizer: adam(5e-3),
      }),
    },
    {
      'clouds that overlap, with the label beside': trained({
        data: data.withInputs(data.clouds({ width: 3 }), beside),
        model: models.mlp({ units: [24] }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 20,
      }),
    },
  ),
  ...family(
    'data in sorted order',
    { causes: ['sorted-data'], alsoTrue: [...WILD, 'overfit'] },
    {
      'digits, sorted, Adam 2e-3': digits({ data: data.sorted(data.digits()), shuffle: false }),
      'digits, sorted, SGD 0.5': digits({
        data: data.sorted(data.digits()),
        shuffle: false,
        optimizer: sgd(0.5),
        batch: 16,
      }),
      'moons, sorted, momentum 0.1': trained({
        data: data.sorted(data.moons()),
        model: models.mlp({ units: [16] }),
        optimizer: momentum(0.1),
        batch: 10,
        epochs: 20,
        shuffle: false,
      }),
    },
    {
      'clouds, sorted, SGD 0.1': trained({
        data: data.sorted(data.clouds({ width: 1 })),
        model: models.mlp({ units: [16] }),
        optimizer: sgd(0.1),
        batch: 16,
        epochs: 15,
        shuffle: false,
      }),
    },
  ),
  ...family(
    'a slow loader',
    { causes: ['slow-loader'], alsoTrue: ['finished', 'overfit'] },
    { 'digits, 30 ms a batch': digits({ before: waits(30), epochs: 4 }) },
    {
      'waves, GRU, 60 ms a batch': trained({
        data: data.waves(),
        model: models.recurrent({ cell: 'gru', units: 8 }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 6,
        before: waits(60),
      }),
    },
  ),
  ...family(
    'classes that are never predicted',
    { causes: ['class-never-predicted'], alsoTrue: [...STUCK, 'dead-relu', 'unused-parameter', 'vanishing-gradients'] },
    {
      'digits, nearly all of them a 1': digits({
        data: data.digits({ share: (label) => (label === 1 ? 4 : 0.05) }),
        optimizer: sgd(0.003),
        epochs: 10,
      }),
    },
    {
      'clouds, one class alone is seen': trained({
        data: rare(data.clouds({ width: 3, classes: 3, train: 400 })),
        model: models.mlp({ units: [8] }),
        optimizer: sgd(0.01),
        batch: 32,
        epochs: 16,
      }),
    },
  ),
  ...family(
    'units that are all the same',
    { causes: ['identical-units'], alsoTrue: STUCK },
    {
      'digits, every weight 0.05': digits({
        model: models.mlp({ init: models.constantInit(0.05), outputInit: models.constantInit(0.05) }),
      }),
      'surface, tanh, every weight 0.3': surface({
        model: models.mlp({
          units: [16, 16],
          activation: 'tanh',
          init: models.constantInit(0.3),
          outputInit: models.constantInit(0.3),
        }),
      }),
    },
    {
      'clouds, every weight 0.1': trained({
        data: data.clouds(),
        model: models.mlp({ units: [16], init: models.constantInit(0.1), outputInit: models.constantInit(0.1) }),
        optimizer: sgd(0.1),
        batch: 32,
        epochs: 12,
      }),
      'digits, CNN, every weight 0.05': pictures({ model: models.cnn({ init: models.constantInit(0.05) }) }),
    },
  ),
  ...family(
    'a network of zeros',
    {
      causes: ['identical-units', 'poor-initialization', 'unused-parameter', 'vanishing-gradients', 'dead-relu'],
      alsoTrue: STUCK,
    },
    {
      'digits, every weight 0': digits({
        model: models.mlp({ init: models.constantInit(0), outputInit: models.constantInit(0) }),
      }),
    },
    {
      'surface, every weight 0': surface({
        model: models.mlp({
          units: [16, 16],
          activation: 'tanh',
          init: models.constantInit(0),
          outputInit: models.constantInit(0),
        }),
      }),
    },
  ),
  ...family(
    'a body that is frozen by mistake',
    { causes: ['frozen'], alsoTrue: [...STUCK, 'rate-too-low'] },
    { 'digits, two random layers are frozen': digits({ model: models.mlp({ units: [12, 6], frozen: true }) }) },
    {
      'letters, a random GRU is frozen': trained({
        data: data.letters(),
        model: models.recurrent({ cell: 'gru', words: 27, frozen: true }),
        optimizer: adam(5e-3),
        batch: 32,
        epochs: 10,
      }),
    },
  ),
  ...family(
    'something else that changes the weights',
    { causes: ['changed-between-updates'], alsoTrue: [...WILD, 'overfit'] },
    {
      'digits, Adam, and noise between': digits({ before: opponent(0.05) }),
      'clouds, momentum, and noise at times': trained({
        data: data.clouds({ width: 1 }),
        model: models.mlp({ units: [24] }),
        optimizer: momentum(0.05),
        batch: 20,
        epochs: 12,
        before: (step, model) => (step % 5 === 2 ? opponent(0.3)(step, model) : undefined),
      }),
    },
    {
      'surface, SGD, and put back at times': surface({
        optimizer: sgd(0.02),
        before: (step, model) => (step % 4 === 3 ? opponent(0.2)(step, model) : undefined),
      }),
    },
  ),
  ...family(
    'batch norm whose statistics are behind',
    { causes: ['batch-norm-statistics'], alsoTrue: ['overfit', 'finished'] },
    {
      'digits, batch norm, momentum 0.9999': digits({
        model: models.mlp({ units: [32, 32], batchNorm: 0.9999 }),
        epochs: 12,
      }),
    },
    {
      'surface, batch norm, momentum 0.999': surface({
        model: models.mlp({ units: [24], batchNorm: 0.9995 }),
        data: data.withInputs(data.surface(), (x) => x.add(4)),
        batch: 32,
      }),
    },
  ),
  ...family(
    'a loss that has no lower bound',
    {
      causes: ['loss-unbounded'],
      alsoTrue: ['exploding-updates', 'non-finite', 'dead-relu', 'bad-batch', 'rate-too-high', 'overfit'],
    },
    {
      'digits, cross entropy with the wrong sign': digits({
        loss: (y, outputs) => tf.losses.softmaxCrossEntropy(y, outputs).neg() as tf.Scalar,
      }),
    },
    {
      'questions, labels of −1 and 1': trained({
        data: data.withTargets(data.questions(), (y) => y.mul(2).sub(1)),
        model: models.mlp({ units: [16] }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 20,
      }),
    },
  ),
  ...family(
    'a loss that stays the same while weights move',
    { causes: ['loss-constant'], alsoTrue: STUCK },
    { 'digits, the first loss is shown again and again': digits({ shows: first() }) },
    { 'surface, a loss that is rounded to whole thousands': surface({ shows: (loss) => Math.round(loss / 1000) + 1 }) },
  ),
  ...family(
    'decay that is too strong',
    { causes: ['decay-too-strong'], alsoTrue: STUCK },
    { 'digits, AdamW 1e-3, decay 60': digits({ optimizer: adamw(1e-3, 60) }) },
    {
      'sentences, L2 penalty of 1': trained({
        data: data.sentences(),
        model: models.pooled({ units: 16 }),
        optimizer: adam(3e-3),
        batch: 32,
        epochs: 8,
        penalty: (model) => tf.addN(model.trainableWeights.map((weight) => weight.read().square().sum())) as tf.Scalar,
      }),
    },
  ),
  ...family(
    'gradients that vanish',
    { causes: ['vanishing-gradients', 'poor-initialization'], alsoTrue: [...STUCK, 'unused-parameter'] },
    {
      'digits, twelve sigmoid layers': digits({
        model: models.mlp({ units: Array(12).fill(12), activation: 'sigmoid' }),
      }),
    },
    {
      'surface, ten tanh layers of tiny weights': surface({
        model: models.mlp({ units: Array(10).fill(12), activation: 'tanh', init: models.normalInit(0.02) }),
      }),
    },
  ),
  ...family(
    'an initialisation that is too large',
    {
      causes: ['poor-initialization', 'saturated-activation'],
      alsoTrue: [...WILD, 'rate-too-high', 'unscaled-inputs', 'dead-relu'],
    },
    {
      'digits, six ReLU layers of weights like 2': digits({
        model: models.mlp({ units: Array(6).fill(24), init: models.normalInit(2) }),
        optimizer: adam(1e-3),
      }),
    },
    {
      'surface, tanh, weights like 30': surface({
        model: models.mlp({ units: [24, 24], activation: 'tanh', init: models.normalInit(30) }),
      }),
    },
  ),
  ...family(
    'dead ReLUs',
    { causes: ['dead-relu'], alsoTrue: [...STUCK, 'unused-parameter', 'vanishing-gradients', 'frozen'] },
    { 'digits, biases of −30': digits({ model: models.mlp({ bias: -30 }) }) },
    { 'digits, CNN, biases of −20': pictures({ model: models.cnn({ bias: -20 }) }) },
  ),
  ...family(
    'inputs that are not scaled, flat activations',
    {
      causes: ['saturated-activation', 'unscaled-inputs'],
      alsoTrue: [...STUCK, 'vanishing-gradients', 'unused-parameter'],
    },
    {
      'surface, tanh, inputs times 1000': surface({
        data: data.withInputs(data.surface(), times(1000)),
        model: models.mlp({ units: [24, 24], activation: 'tanh' }),
      }),
    },
    {
      'clouds, sigmoid, inputs times 3000': trained({
        data: data.withInputs(data.clouds(), times(3000)),
        model: models.mlp({ units: [24], activation: 'sigmoid' }),
        optimizer: sgd(0.1),
        batch: 32,
        epochs: 12,
      }),
    },
  ),
  ...family(
    'inputs that are not scaled',
    {
      causes: ['unscaled-inputs'],
      alsoTrue: [
        ...WILD,
        'rate-too-high',
        'rate-too-low',
        'non-finite',
        'dead-relu',
        'unused-parameter',
        'saturated-activation',
      ],
    },
    {
      'flats as they are, SGD 1e-3': trained({
        data: data.flats(),
        model: models.mlp({ units: [16] }),
        optimizer: sgd(1e-3),
        batch: 32,
        epochs: 12,
      }),
    },
    {
      'flats as they are, momentum 1e-4': trained({
        data: data.flats(),
        model: models.mlp({ units: [12] }),
        optimizer: momentum(1e-4),
        batch: 32,
        epochs: 12,
      }),
    },
  ),
  ...family(
    'values that are not finite',
    { causes: ['non-finite'], alsoTrue: ['bad-batch', 'rate-too-high', 'dead-relu'] },
    {
      'digits, a batch of NaN': digits({ disturb: instead(60, ({ x, y }) => ({ x: x.mul(Number.NaN), y })) }),
      'surface, a logarithm of zero': surface({
        loss: (y, outputs) => outputs.relu().log().sub(y).square().mean() as tf.Scalar,
      }),
    },
    {
      'digits, CNN, a batch of infinities': pictures({
        disturb: instead(40, ({ x, y }) => ({ x: x.add(Infinity), y })),
      }),
      'clouds, a root of zero': trained({
        data: data.clouds(),
        model: models.mlp(),
        optimizer: sgd(0.1),
        batch: 32,
        epochs: 6,
        penalty: (model) =>
          tf.addN(model.trainableWeights.map((weight) => weight.read().square().sum().sqrt())).mul(1e-3) as tf.Scalar,
      }),
    },
  ),
  ...family(
    'overfitting',
    { causes: ['overfit'], alsoTrue: ['finished', 'plateau'] },
    {
      'surface of much noise, 24 examples': surface({
        data: data.surface({ train: 24, noise: 0.7 }),
        model: models.mlp({ units: [64, 64] }),
        epochs: 150,
        batch: 8,
      }),
      'sentences, 100 of them, pooled': trained({
        data: data.sentences({ train: 100 }),
        model: models.pooled({ units: 32 }),
        optimizer: adam(1e-2),
        batch: 16,
        epochs: 30,
      }),
    },
    {
      'digits of chance by a third, 100 of them': digits({
        data: data.withTargets(data.digits({ train: 100 }), noisyRows),
        model: models.mlp({ units: [64, 64] }),
        epochs: 40,
        batch: 16,
      }),
      'clouds that overlap, 40 points': trained({
        data: data.clouds({ train: 40, width: 2 }),
        model: models.mlp({ units: [64] }),
        optimizer: adam(1e-2),
        batch: 10,
        epochs: 60,
      }),
    },
  ),
  ...family(
    'a leak of tensors',
    { causes: ['tensor-leak'], alsoTrue: ['finished', 'overfit'] },
    { 'digits, a tensor a step': leaking((keep) => digits({ before: () => keep(tf.scalar(1)) })) },
    {
      'surface, three tensors in two steps': leaking((keep) =>
        surface({
          before: (step) => {
            for (let i = 0; i < 3 * (step % 2); i++) keep(tf.scalar(i));
          },
        }),
      ),
    },
  ),
  ...family(
    'a parameter that the loss does not depend on',
    { causes: ['unused-parameter'], alsoTrue: ['finished', 'vanishing-gradients', 'overfit'] },
    { 'digits, a branch times zero': digits({ model: branched, epochs: 8 }) },
    {
      'waves, a branch times zero, momentum': trained({
        data: data.withInputs(data.waves(), (x) => x.reshape([-1, 16])),
        model: branched,
        optimizer: momentum(0.02),
        batch: 32,
        epochs: 10,
      }),
    },
  ),
  ...family(
    'one bad batch',
    { causes: ['bad-batch'], alsoTrue: ['rate-too-high', 'exploding-updates', 'finished', 'overfit', 'dead-relu'] },
    {
      'digits, a batch times 100': digits({
        optimizer: sgd(0.1),
        disturb: instead(100, ({ x, y }) => ({ x: x.mul(100), y })),
      }),
    },
    {
      'surface, a batch of wrong values': surface({
        epochs: 20,
        disturb: instead(200, ({ x, y }) => ({ x, y: y.mul(-30) })),
      }),
    },
  ),
];

/** Nine in ten examples are of the first class. */
function rare(make: data.MakeData): data.MakeData {
  return data.withTargets(make, (y) => {
    const keep = tf.randomUniform([y.shape[0]!, 1]).less(0.1).cast('float32');
    return y.mul(keep).add(allOf(0)(y).mul(tf.sub(1, keep)));
  });
}

/** A third of the labels are those of others. */
function noisyRows(y: tf.Tensor): tf.Tensor {
  const keep = tf.randomUniform([y.shape[0]!, 1]).greater(0.33).cast('float32');
  return y.mul(keep).add(shuffledRows(y).mul(tf.sub(1, keep)));
}

function first(): (loss: number, step: number) => number {
  let shown = 0;
  return (loss, step) => {
    if (step === 0) shown = loss;
    return shown;
  };
}

/** Beside the network another, whose outputs count nothing. */
function branched(of: data.Data): tf.LayersModel {
  const input = tf.input({ shape: of.x.shape.slice(1) });
  const dense = (units: number, from: tf.SymbolicTensor, activation?: 'relu') =>
    tf.layers.dense({ units, ...(activation && { activation }) }).apply(from) as tf.SymbolicTensor;
  const outputs = of.y.shape[1]!;
  const none = tf.layers.dense({ units: outputs, kernelInitializer: 'zeros', trainable: false, useBias: false });
  const unused = none.apply(dense(8, input, 'relu')) as tf.SymbolicTensor;
  const used = dense(outputs, dense(24, input, 'relu'));
  return tf.model({ inputs: input, outputs: tf.layers.add().apply([used, unused]) as tf.SymbolicTensor });
}

/** What it keeps is let go of when it has been trained. */
function leaking(make: (keep: (tensor: tf.Tensor) => void) => Kind['train']): Kind['train'] {
  return async (observe) => {
    const kept: tf.Tensor[] = [];
    await make((tensor) => void kept.push(tensor))(observe);
    tf.dispose(kept);
  };
}
