/** Trainings that are no model with labels: a transformer, two networks against each other, a density, a second optimizer. */
import * as tf from '@tensorflow/tfjs';
import { instrument } from 'trainscope/tfjs';
import { BertForSequenceClassification } from '../../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../../examples/bert-sst2/bert-config.js';
import { batches, type TextExample } from '../../../examples/text/batches.js';
import { type Data, sentences } from '../data.js';
import type { Train } from '../kind.js';
import { normal } from '../seeded.js';

interface TransformerOptions {
  readonly optimizer: () => tf.Optimizer;
  readonly epochs: number;
  readonly batchSize: number;
  /** What the labels become. */
  readonly label?: (label: number) => number;
  /** Sets the rate before each step. */
  readonly before?: (step: number, steps: number, optimizer: tf.Optimizer) => void;
}

/** A BERT of two layers of 32, from scratch, on review sentences. */
export function transformer({
  optimizer: make,
  epochs,
  batchSize,
  label = (x) => x,
  before,
}: TransformerOptions): Train {
  return async (observe) => {
    const { x, y, validation } = await sentences({ train: 480, held: 96 })();
    const [examples, held] = [examplesOf(x, y, label), examplesOf(validation.x, validation.y, label)];
    tf.dispose([x, y, validation.x, validation.y]);
    const sizes = { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 };
    const seed = Math.floor(1e6 * Math.random());
    const model = new BertForSequenceClassification(bertConfig({ ...sizes, vocab_size: 400 }), seed);
    const optimizer = make();
    const stepsPerEpoch = Math.ceil(examples.length / batchSize);
    const training = instrument(optimizer, {
      parameters: model.parameters(),
      plan: { numEpochs: epochs, stepsPerEpoch },
    });
    observe(training);
    const callbacks = training.callbacks();
    let step = 0;
    await callbacks.onTrainBegin();
    for (let epoch = 0; epoch < epochs; epoch++) {
      await callbacks.onEpochBegin(epoch);
      for (const batch of batches(examples, { batchSize, shuffle: [seed, epoch] })) {
        before?.(step++, epochs * stepsPerEpoch, optimizer);
        await callbacks.onBatchBegin(0, { size: batch.size });
        optimizer.minimize(() => model.loss(batch, { training: true }));
        await callbacks.onBatchEnd(0);
      }
      const [all] = [...batches(held, { batchSize: held.length })];
      await callbacks.onEpochEnd(epoch, { val_loss: tf.tidy(() => model.loss(all!).dataSync()[0]!) });
    }
    await callbacks.onTrainEnd();
    await training.close();
    model.dispose();
    optimizer.dispose();
  };
}

function examplesOf(x: tf.Tensor, y: tf.Tensor, label: (label: number) => number): TextExample[] {
  const ids = x.arraySync() as number[][];
  const labels = tf.tidy(() => [...y.argMax(1).dataSync()]);
  return ids
    .map((inputIds, i) => ({ inputIds: inputIds.filter((id) => id > 0), label: label(labels[i]!) }))
    .filter(({ inputIds }) => inputIds.length > 0);
}

interface GanOptions {
  /** Which of the two is looked at. */
  readonly observed: 'generator' | 'discriminator';
  readonly steps: number;
  readonly generatorRate?: number;
  readonly discriminatorRate?: number;
}

/** Points on a circle, told from made-up ones; and made so that they are not. */
export function gan({ observed, steps, generatorRate = 2e-3, discriminatorRate = 2e-3 }: GanOptions): Train {
  return async (observe) => {
    const network = (inputs: number, outputs: number) =>
      tf.sequential({
        layers: [
          tf.layers.dense({ inputShape: [inputs], units: 24, activation: 'relu' }),
          tf.layers.dense({ units: 24, activation: 'relu' }),
          tf.layers.dense({ units: outputs }),
        ],
      });
    const models = { generator: network(4, 2), discriminator: network(2, 1) };
    const optimizers = {
      generator: tf.train.adam(generatorRate, 0.5),
      discriminator: tf.train.adam(discriminatorRate, 0.5),
    };
    const training = instrument(optimizers[observed]);
    observe(training, models[observed]);
    const variables = (of: keyof typeof models) =>
      models[of].trainableWeights.map((weight) => weight.read() as tf.Variable);
    const judge = (x: tf.Tensor) => models.discriminator.apply(x, { training: true }) as tf.Tensor;
    const made = () => models.generator.apply(tf.randomNormal([32, 4]), { training: true }) as tf.Tensor;
    for (let step = 0; step < steps; step++) {
      const real = tf.tensor2d(
        Array.from({ length: 32 }, () => {
          const angle = 2 * Math.PI * Math.random();
          return [Math.cos(angle) + 0.05 * normal(), Math.sin(angle) + 0.05 * normal()];
        }),
      );
      optimizers.discriminator.minimize(
        () =>
          tf.losses
            .sigmoidCrossEntropy(tf.ones([32, 1]), judge(real))
            .add(tf.losses.sigmoidCrossEntropy(tf.zeros([32, 1]), judge(made()))) as tf.Scalar,
        false,
        variables('discriminator'),
      );
      optimizers.generator.minimize(
        () => tf.losses.sigmoidCrossEntropy(tf.ones([32, 1]), judge(made())) as tf.Scalar,
        false,
        variables('generator'),
      );
      real.dispose();
    }
    await training.close();
    for (const model of Object.values(models)) model.dispose();
    for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  };
}

/** Mean and deviation of a narrow normal distribution: the loss, a log-likelihood of densities, becomes negative. */
export function density({ steps, rate }: { readonly steps: number; readonly rate: number }): Train {
  return async (observe) => {
    const zeros = (name: string) => tf.tidy(() => tf.variable(tf.zeros([4]), true, name));
    const [mean, logDeviation] = [zeros('density/mean'), zeros('density/log')];
    const optimizer = tf.train.adam(rate);
    const training = instrument(optimizer);
    observe(training);
    for (let step = 0; step < steps; step++) {
      const x = tf.tidy(() => tf.randomNormal([32, 4], 0.5, 0.05));
      optimizer.minimize(() => {
        const distance = x.sub(mean).div(logDeviation.exp());
        return distance.square().mul(0.5).add(logDeviation).add(0.919).sum(1).mean() as tf.Scalar;
      });
      x.dispose();
    }
    await training.close();
    tf.dispose([mean, logDeviation]);
    optimizer.dispose();
  };
}

/** Takes every other step against what is learned, unseen. */
export function opponent(rate: number): (step: number, model: tf.LayersModel) => void {
  return (_step, model) => {
    for (const weight of model.trainableWeights) {
      const variable = weight.read() as tf.Variable;
      const other = tf.tidy(() => variable.add(tf.randomNormal(variable.shape, 0, rate)));
      variable.assign(other);
      other.dispose();
    }
  };
}

/** Knows something of the data before: by so many steps of Adam on all of it. */
export function knowing(steps: number, rate = 1e-2, weights: 'all' | 'trainable' = 'all') {
  return (model: tf.LayersModel, { task, x, y }: Data): void => {
    const optimizer = tf.train.adam(rate);
    const loss = task === 'numbers' ? tf.losses.meanSquaredError : tf.losses.softmaxCrossEntropy;
    const list = (weights === 'all' ? model.weights : model.trainableWeights).map(
      (weight) => weight.read() as tf.Variable,
    );
    const movable = list.filter((variable) => variable.trainable || weights === 'all');
    for (const variable of movable) variable.trainable = true;
    for (let step = 0; step < steps; step++) {
      optimizer.minimize(() => loss(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar, false, movable);
    }
    optimizer.dispose();
  };
}
