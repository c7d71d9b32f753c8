import * as tf from '@tensorflow/tfjs';
import type { Problem } from '../overhead.js';

/** A small classifier on noise: the cheapest step there is, so the dearest to observe. */
export async function mlpProblem(seed: number): Promise<Problem> {
  const init = (offset: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed: seed * 10 + offset }) });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 64, activation: 'relu', ...init(1) }),
      tf.layers.dense({ units: 64, activation: 'relu', ...init(2) }),
      tf.layers.dense({ units: 3, ...init(3) }),
    ],
  });
  const x = tf.randomNormal<tf.Rank.R2>([32, 4], 0, 1, 'float32', seed);
  const y = tf.tidy(() => tf.oneHot(x.slice([0, 0], [-1, 3]).argMax(1).toInt(), 3));
  const optimizer = tf.train.adam(1e-3);
  return {
    optimizer,
    step: () =>
      void optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.predict(x) as tf.Tensor) as tf.Scalar),
    dispose: () => {
      tf.dispose([x, y]);
      optimizer.dispose();
      model.dispose();
    },
  };
}
