// What runs in the browser: examples/in-page.ts, with a model and data.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { selectBackend } from 'trainscope/tfjs';
import { train } from '../../examples/in-page.js';

Object.assign(globalThis, {
  async run(): Promise<number> {
    setWasmPaths('/wasm/');
    await selectBackend('wasm');
    const before = tf.memory().numTensors;
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [4], units: 8, activation: 'relu', name: 'hidden' }),
        tf.layers.dense({ units: 1, name: 'head' }),
      ],
    });
    const optimizer = tf.train.adam(0.01);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const x = tf.randomNormal([64, 4], 0, 1, 'float32', 1);
    const y = tf.tidy(() => x.sum(1, true));
    await train(model, x, y, document.getElementById('here')!);
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
    return tf.memory().numTensors - before;
  },
});
