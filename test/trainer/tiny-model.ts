import * as tf from '@tensorflow/tfjs';
import { seededUniform } from '../../src/trainer/data/random.js';
import type { ForwardModel } from '../../src/trainer.js';

export interface TinyModel extends ForwardModel {
  readonly kernel: tf.Variable;
  readonly bias: tf.Variable;
  dispose(): void;
}

/** A linear classifier of those points, with seeded noise on its inputs while it trains: as dropout has. */
export function tinyModel({ noise = 0 }: { readonly noise?: number } = {}): TinyModel {
  const uniform = seededUniform(7);
  const kernel = tf.tidy(() =>
    tf.variable(
      tf.tensor2d(
        Array.from({ length: 12 }, () => uniform() - 0.5),
        [4, 3],
      ),
    ),
  );
  const bias = tf.tidy(() => tf.variable(tf.zeros([3])));
  return {
    kernel,
    bias,
    parameters: () => [
      { name: 'linear.weight', variable: kernel },
      { name: 'linear.bias', variable: bias },
    ],
    forward(batch, { training, seed }) {
      const { x } = batch as { readonly x: tf.Tensor2D };
      const jitter = training && noise > 0 ? tf.randomUniform(x.shape, -noise, noise, 'float32', seed) : 0;
      return tf.add(tf.matMul(tf.add(x, jitter) as tf.Tensor2D, kernel as tf.Tensor2D), bias);
    },
    dispose: () => tf.dispose([kernel, bias]),
  };
}
