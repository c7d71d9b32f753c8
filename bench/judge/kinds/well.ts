/** Trainings that are well: they learn what there is to learn. */
import * as tf from '@tensorflow/tfjs';
import { setLearningRate } from '../../../src/tfjs/index.js';
import * as data from '../data.js';
import { family, type Kind } from '../kind.js';
import * as models from '../models.js';
import { adam, adamw, cosine, momentum, rmsprop, sgd, stairs } from '../optimizers.js';
import { trained } from '../trained.js';
import { density, gan, knowing, transformer } from './special.js';

/** What may be said of a training that has learned what it can, and goes on. */
const LEARNED = { alsoTrue: ['finished', 'plateau'] } as const;
/** Of one whose validation loss rises in the end, too. */
const OVERFITS = { alsoTrue: ['finished', 'plateau', 'overfit'] } as const;

export const WELL: readonly Kind[] = [
  ...family(
    'digits, MLP',
    OVERFITS,
    {
      'digits, MLP, Adam 1e-3': trained({
        data: data.digits(),
        model: models.mlp(),
        optimizer: adam(1e-3),
        batch: 32,
        epochs: 15,
      }),
      'digits, MLP, momentum 0.05': trained({
        data: data.digits(),
        model: models.mlp({ units: [32, 16] }),
        optimizer: momentum(0.05),
        batch: 32,
        epochs: 12,
      }),
    },
    {
      'digits, MLP, SGD 0.1': trained({
        data: data.digits(),
        model: models.mlp(),
        optimizer: sgd(0.1),
        batch: 16,
        epochs: 10,
      }),
      'digits, MLP, RMSProp 1e-3': trained({
        data: data.digits(),
        model: models.mlp({ activation: 'tanh' }),
        optimizer: rmsprop(1e-3),
        batch: 32,
        epochs: 12,
      }),
    },
  ),
  ...family(
    'digits, CNN',
    OVERFITS,
    {
      'digits, CNN, Adam 3e-3': trained({
        data: data.digits({ pictures: true }),
        model: models.cnn(),
        optimizer: adam(3e-3),
        batch: 32,
        epochs: 10,
      }),
    },
    {
      'digits, CNN, momentum 0.02': trained({
        data: data.digits({ pictures: true }),
        model: models.cnn(),
        optimizer: momentum(0.02),
        batch: 32,
        epochs: 10,
      }),
    },
  ),
  ...family(
    'surface',
    OVERFITS,
    {
      'surface, Adam 1e-2, full batch': trained({
        data: data.surface(),
        model: models.mlp({ units: [24, 24], activation: 'tanh' }),
        optimizer: adam(1e-2),
        batch: 'all',
        epochs: 300,
      }),
      'surface, SGD 0.01, batch 4': trained({
        data: data.surface(),
        model: models.mlp({ units: [32] }),
        optimizer: sgd(0.01),
        batch: 4,
        epochs: 12,
      }),
    },
    {
      'surface, SGD 0.05, batch 8': trained({
        data: data.surface(),
        model: models.mlp({ units: [32] }),
        optimizer: sgd(0.05),
        batch: 8,
        epochs: 15,
      }),
      'surface, Adam 3e-3, batch 64': trained({
        data: data.surface({ train: 512 }),
        model: models.mlp({ units: [48], activation: 'elu' }),
        optimizer: adam(3e-3),
        batch: 64,
        epochs: 40,
      }),
    },
  ),
  ...family(
    'plane',
    LEARNED,
    {
      'plane, SGD 0.1, full batch': trained({
        data: data.plane(),
        model: models.mlp({ units: [] }),
        optimizer: sgd(0.1),
        batch: 'all',
        epochs: 150,
      }),
      'plane without noise, Adam 0.02': trained({
        data: data.plane({ noise: 0 }),
        model: models.mlp({ units: [] }),
        optimizer: adam(0.02),
        batch: 20,
        epochs: 40,
      }),
    },
    {
      'plane without noise, SGD 0.05': trained({
        data: data.plane({ noise: 0 }),
        model: models.mlp({ units: [] }),
        optimizer: sgd(0.05),
        batch: 20,
        epochs: 40,
      }),
      'flats, scaled, momentum 0.02': trained({
        data: data.flats({ scaled: true }),
        model: models.mlp({ units: [8] }),
        optimizer: momentum(0.02),
        batch: 16,
        epochs: 15,
      }),
    },
  ),
  ...family(
    'a batch of one',
    LEARNED,
    {
      'moons, SGD 0.05, batch 1': trained({
        data: data.moons(),
        model: models.mlp({ units: [16] }),
        optimizer: sgd(0.05),
        batch: 1,
        epochs: 4,
      }),
      'digits, Adam 1e-3, batch 1': trained({
        data: data.digits({ train: 400 }),
        model: models.mlp(),
        optimizer: adam(1e-3),
        batch: 1,
        epochs: 2,
      }),
    },
    {
      'moons, Adam 5e-3, batch 1': trained({
        data: data.moons({ train: 250 }),
        model: models.mlp({ units: [12, 12] }),
        optimizer: adam(5e-3),
        batch: 1,
        epochs: 3,
      }),
      'clouds, SGD 0.02, batch 2': trained({
        data: data.clouds(),
        model: models.mlp({ units: [24] }),
        optimizer: sgd(0.02),
        batch: 2,
        epochs: 4,
      }),
    },
  ),
  ...family(
    'clouds',
    OVERFITS,
    {
      'clouds, Adam 1e-2': trained({
        data: data.clouds({ width: 1 }),
        model: models.mlp({ units: [16] }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 20,
      }),
    },
    {
      'clouds, tanh, SGD 0.2': trained({
        data: data.clouds({ width: 1 }),
        model: models.mlp({ units: [16], activation: 'tanh' }),
        optimizer: sgd(0.2),
        batch: 32,
        epochs: 25,
      }),
    },
  ),
  ...family(
    'sentences, pooled',
    OVERFITS,
    {
      'sentences, pooled, Adam 1e-2': trained({
        data: data.sentences(),
        model: models.pooled(),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 6,
      }),
    },
    {
      'sentences, pooled and hidden, Adam 3e-3': trained({
        data: data.sentences(),
        model: models.pooled({ units: 16 }),
        optimizer: adam(3e-3),
        batch: 16,
        epochs: 6,
      }),
    },
  ),
  ...family(
    'recurrent',
    OVERFITS,
    {
      'sentences, LSTM, Adam 5e-3': trained({
        data: data.sentences(),
        model: models.recurrent({ words: 400 }),
        optimizer: adam(5e-3),
        batch: 32,
        epochs: 4,
      }),
      'waves, GRU, Adam 1e-2': trained({
        data: data.waves(),
        model: models.recurrent({ cell: 'gru' }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 12,
      }),
    },
    {
      'waves, LSTM, RMSProp 5e-3': trained({
        data: data.waves(),
        model: models.recurrent(),
        optimizer: rmsprop(5e-3),
        batch: 32,
        epochs: 12,
      }),
      'letters, GRU, Adam 1e-2': trained({
        data: data.letters(),
        model: models.recurrent({ cell: 'gru', words: 27, units: 24 }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 6,
      }),
    },
  ),
  ...family(
    'letters and convolutions',
    OVERFITS,
    {
      'letters, MLP of vectors, AdamW 5e-3': trained({
        data: data.letters(),
        model: models.textCnn({ words: 27 }),
        optimizer: adamw(5e-3),
        batch: 32,
        epochs: 8,
      }),
    },
    {
      'sentences, text CNN, Adam 3e-3': trained({
        data: data.sentences(),
        model: models.textCnn(),
        optimizer: adam(3e-3),
        batch: 32,
        epochs: 6,
      }),
    },
  ),
  ...family(
    'transformer',
    OVERFITS,
    {
      'transformer, AdamW 1e-3, warm-up': transformer({
        optimizer: adamw(1e-3),
        epochs: 5,
        batchSize: 16,
        before: (step, steps, optimizer) => setLearningRate(optimizer, 1e-3 * cosine(10)(step, steps)),
      }),
    },
    { 'transformer, Adam 5e-4': transformer({ optimizer: adam(5e-4), epochs: 5, batchSize: 16 }) },
  ),
  ...family(
    'autoencoder',
    LEARNED,
    {
      'autoencoder, Adam 3e-3': trained({
        data: data.digits({ task: 'numbers', target: (_, x) => x }),
        model: models.autoencoder(),
        optimizer: adam(3e-3),
        batch: 32,
        epochs: 12,
      }),
    },
    {
      'autoencoder, sigmoid, RMSProp 2e-3': trained({
        data: data.digits({ task: 'numbers', target: (_, x) => x }),
        model: models.autoencoder({ activation: 'sigmoid' }),
        optimizer: rmsprop(2e-3),
        batch: 32,
        epochs: 12,
      }),
    },
  ),
  ...family(
    'two networks',
    LEARNED,
    { 'GAN, the generator': gan({ observed: 'generator', steps: 400 }) },
    { 'GAN, the discriminator': gan({ observed: 'discriminator', steps: 400 }) },
  ),
  ...family(
    'batch norm',
    OVERFITS,
    {
      'digits, batch norm, SGD 1': trained({
        data: data.digits(),
        model: models.mlp({ units: [32, 32], batchNorm: 0.9 }),
        optimizer: sgd(1),
        batch: 32,
        epochs: 12,
      }),
    },
    {
      'digits, CNN, batch norm, Adam 5e-3': trained({
        data: data.digits({ pictures: true }),
        model: models.cnn({ batchNorm: true }),
        optimizer: adam(5e-3),
        batch: 32,
        epochs: 8,
      }),
    },
  ),
  ...family(
    'fine-tuning',
    OVERFITS,
    {
      'digits, head alone, Adam 1e-2': trained({
        data: data.digits({ pictures: true }),
        model: models.cnn({ frozen: true }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 10,
        prepare: knowing(60),
      }),
      'digits, all at 1e-4, AdamW': trained({
        data: data.digits(),
        model: models.mlp(),
        optimizer: adamw(1e-4),
        batch: 32,
        epochs: 8,
        prepare: knowing(25),
      }),
    },
    {
      'sentences, head alone, SGD 0.5': trained({
        data: data.sentences(),
        model: models.recurrent({ words: 400, frozen: true }),
        optimizer: sgd(0.5),
        batch: 32,
        epochs: 5,
        prepare: knowing(40),
      }),
      'surface, all at 1e-3, SGD': trained({
        data: data.surface(),
        model: models.mlp({ units: [32] }),
        optimizer: sgd(1e-2),
        batch: 16,
        epochs: 15,
        prepare: knowing(60),
      }),
    },
  ),
  ...family(
    'schedules',
    OVERFITS,
    {
      'digits, AdamW, cosine': trained({
        data: data.digits(),
        model: models.mlp({ units: [48, 24] }),
        optimizer: adamw(5e-3),
        batch: 32,
        epochs: 15,
        rate: cosine(20),
      }),
    },
    {
      'digits, momentum, stairs': trained({
        data: data.digits(),
        model: models.mlp({ units: [48, 24] }),
        optimizer: momentum(0.05),
        batch: 32,
        epochs: 15,
        rate: stairs,
      }),
    },
  ),
  ...family(
    'long',
    OVERFITS,
    {
      'spirals, Adam 1e-2, 1500 steps': trained({
        data: data.spirals(),
        model: models.mlp({ units: [32, 32] }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 150,
      }),
      'moons, momentum 0.1, 1000 steps': trained({
        data: data.moons({ noise: 0.3 }),
        model: models.mlp({ units: [24, 24] }),
        optimizer: momentum(0.1),
        batch: 20,
        epochs: 100,
      }),
    },
    {
      'digits, Adam 2e-3, 1200 steps': trained({
        data: data.digits({ train: 256 }),
        model: models.mlp({ units: [32, 32] }),
        optimizer: adam(2e-3),
        batch: 32,
        epochs: 150,
      }),
      'surface, momentum 0.01, 1000 steps': trained({
        data: data.surface(),
        model: models.mlp({ units: [32], activation: 'tanh' }),
        optimizer: momentum(0.01),
        batch: 32,
        epochs: 125,
      }),
    },
  ),
  ...family(
    'short',
    {},
    {
      'digits, Adam 5e-3, 30 steps': trained({
        data: data.digits({ train: 480 }),
        model: models.mlp(),
        optimizer: adam(5e-3),
        batch: 16,
        epochs: 1,
      }),
    },
    {
      'clouds, SGD 0.5, 40 full batches': trained({
        data: data.clouds(),
        model: models.mlp({ units: [16] }),
        optimizer: sgd(0.5),
        batch: 'all',
        epochs: 40,
        validate: false,
      }),
    },
  ),
  ...family(
    'regularised',
    OVERFITS,
    {
      'digits, dropout, Adam 2e-3': trained({
        data: data.digits(),
        model: models.mlp({ units: [64], dropout: 0.4 }),
        optimizer: adam(2e-3),
        batch: 32,
        epochs: 15,
      }),
    },
    {
      'digits, L2 penalty, SGD 0.1': trained({
        data: data.digits(),
        model: models.mlp(),
        optimizer: sgd(0.1),
        batch: 32,
        epochs: 12,
        penalty: (model) => l2(model, 1e-3),
      }),
    },
  ),
  ...family(
    'labels of other kinds',
    OVERFITS,
    {
      'digits, one in ten rare, Adam 2e-3': trained({
        data: data.digits({ share: (label) => (label < 3 ? 1 : 0.3) }),
        model: models.mlp(),
        optimizer: adam(2e-3),
        batch: 32,
        epochs: 12,
      }),
    },
    {
      'questions, Adam 1e-2': trained({
        data: data.questions(),
        model: models.mlp({ units: [16] }),
        optimizer: adam(1e-2),
        batch: 32,
        epochs: 20,
      }),
    },
  ),
  ...family(
    'loops by hand',
    OVERFITS,
    {
      'digits, clipped to 1, SGD 0.3': trained({
        data: data.digits(),
        model: models.mlp({ units: [32, 16] }),
        optimizer: sgd(0.3),
        batch: 32,
        epochs: 12,
        clip: 1,
      }),
    },
    {
      'waves, simple RNN, clipped to 0.5, Adam 5e-3': trained({
        data: data.waves(),
        model: models.recurrent({ cell: 'simpleRNN' }),
        optimizer: adam(5e-3),
        batch: 32,
        epochs: 12,
        clip: 0.5,
      }),
    },
  ),
  ...family(
    'fit',
    OVERFITS,
    {
      'digits, fit, Adam 2e-3': trained({
        data: data.digits(),
        model: models.mlp(),
        optimizer: adam(2e-3),
        batch: 32,
        epochs: 12,
        fit: true,
      }),
    },
    {
      'surface, fit, SGD 0.05': trained({
        data: data.surface(),
        model: models.mlp({ units: [24] }),
        optimizer: sgd(0.05),
        batch: 32,
        epochs: 40,
        fit: true,
      }),
    },
  ),
  ...family(
    'short epochs',
    OVERFITS,
    {
      'flats, scaled, Adam 0.02, 8 steps an epoch': trained({
        data: data.flats({ scaled: true }),
        model: models.mlp({ units: [8] }),
        optimizer: adam(0.02),
        batch: 32,
        epochs: 50,
      }),
      'clouds, RMSProp 5e-3, 10 steps an epoch': trained({
        data: data.clouds({ width: 0.8 }),
        model: models.mlp({ units: [16] }),
        optimizer: rmsprop(5e-3),
        batch: 32,
        epochs: 40,
      }),
      'questions, momentum 0.1, 4 steps an epoch': trained({
        data: data.questions(),
        model: models.mlp({ units: [16], activation: 'tanh' }),
        optimizer: momentum(0.1),
        batch: 64,
        epochs: 60,
      }),
    },
    {
      'moons, Adam 0.02, 5 steps an epoch': trained({
        data: data.moons(),
        model: models.mlp({ units: [16] }),
        optimizer: adam(0.02),
        batch: 40,
        epochs: 60,
      }),
      'waves, simple RNN, momentum 0.02, 8 steps an epoch': trained({
        data: data.waves(),
        model: models.recurrent({ cell: 'simpleRNN' }),
        optimizer: momentum(0.02),
        batch: 32,
        epochs: 40,
      }),
    },
  ),
  ...family(
    'nothing left to learn',
    OVERFITS,
    {
      'surface, known for long, Adam 1e-4': trained({
        data: data.surface(),
        model: models.mlp({ units: [32] }),
        optimizer: adam(1e-4),
        batch: 16,
        epochs: 20,
        prepare: knowing(600),
      }),
      'clouds, known for long, SGD 0.05': trained({
        data: data.clouds(),
        model: models.mlp({ units: [16] }),
        optimizer: sgd(0.05),
        batch: 16,
        epochs: 15,
        prepare: knowing(300),
      }),
    },
    {
      'plane, known for long, SGD 0.02': trained({
        data: data.plane(),
        model: models.mlp({ units: [] }),
        optimizer: sgd(0.02),
        batch: 10,
        epochs: 15,
        prepare: knowing(600),
      }),
      'questions, learned in an epoch, Adam 0.03': trained({
        data: data.questions({ train: 512 }),
        model: models.mlp({ units: [16] }),
        optimizer: adam(0.03),
        batch: 8,
        epochs: 12,
      }),
    },
  ),
  ...family(
    'losses below zero',
    LEARNED,
    { 'density, Adam 0.02': density({ steps: 400, rate: 0.02 }) },
    {
      'autoencoder, cosine proximity, Adam 3e-3': trained({
        data: data.digits({ task: 'numbers', target: (_, x) => x }),
        model: models.autoencoder(),
        optimizer: adam(3e-3),
        batch: 32,
        epochs: 10,
        loss: cosineProximity,
      }),
    },
  ),
  ...family(
    'in the same order',
    { alsoTrue: [...OVERFITS.alsoTrue, 'sorted-data'] },
    {
      'digits, not shuffled anew, Adam 2e-3': trained({
        data: data.digits(),
        model: models.mlp(),
        optimizer: adam(2e-3),
        batch: 32,
        epochs: 12,
        shuffle: false,
      }),
    },
    {
      'surface, not shuffled anew, SGD 0.05': trained({
        data: data.surface(),
        model: models.mlp({ units: [32] }),
        optimizer: sgd(0.05),
        batch: 16,
        epochs: 20,
        shuffle: false,
      }),
    },
  ),
  ...family(
    'deep',
    OVERFITS,
    {
      'digits, residual, Adam 2e-3': trained({
        data: data.digits(),
        model: models.residual(),
        optimizer: adam(2e-3),
        batch: 32,
        epochs: 10,
      }),
    },
    {
      'spirals, five ELU layers, momentum 0.05': trained({
        data: data.spirals(),
        model: models.mlp({ units: [24, 24, 24, 24, 24], activation: 'elu' }),
        optimizer: momentum(0.05),
        batch: 32,
        epochs: 40,
      }),
    },
  ),
];

function l2(model: tf.LayersModel, strength: number): tf.Scalar {
  const kernels = model.trainableWeights.map((weight) => weight.read()).filter(({ rank }) => rank > 1);
  return tf.addN(kernels.map((kernel) => kernel.square().sum())).mul(strength) as tf.Scalar;
}

function cosineProximity(labels: tf.Tensor, outputs: tf.Tensor): tf.Scalar {
  const unit = (x: tf.Tensor) => x.div(x.norm(2, 1, true).add(1e-6));
  return unit(labels).mul(unit(outputs)).sum(1).mean().neg() as tf.Scalar;
}
