// One line observes model.fit: every parameter's update norm, on the console and in a CSV file.
import * as tf from '@tensorflow/tfjs';
import { consoleSink, parameterUpdates } from 'trainscope';
import { csvSink } from 'trainscope/node';
import { instrument, selectBackend } from 'trainscope/tfjs';

console.log(`backend: ${await selectBackend()}`); // tensorflow, else wasm, else cpu

const model = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [4], units: 16, activation: 'relu', name: 'hidden' }),
    tf.layers.dense({ units: 3, activation: 'softmax', name: 'classifier' }),
  ],
});
model.compile({ optimizer: tf.train.adam(1e-2), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });

const training = instrument(model, { run: 'fit' });
const updates$ = training.events$.pipe(parameterUpdates());
training.attach(updates$, consoleSink()); // Parameter hidden/kernel updated by: 0.0123…
training.attach(updates$, csvSink('parameter_updates.csv'));

const x = tf.randomNormal([120, 4]);
const y = tf.oneHot(
  tf.tidy(() => x.slice([0, 0], [-1, 3]).argMax(1).toInt()),
  3,
);
await model.fit(x, y, { epochs: 2, batchSize: 16, verbose: 0, callbacks: training.callbacks() });
await training.close(); // resolves once every sink has flushed
