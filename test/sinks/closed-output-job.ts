/** A training whose standard output is closed by the other end after its first step; says on standard error how it went. */
import { once } from 'node:events';
import * as tf from '@tensorflow/tfjs';
import { consoleSink, parameterUpdates } from 'trainscope';
import { instrument } from 'trainscope/tfjs';

await tf.setBackend('cpu');
const weight = tf.variable(tf.scalar(1), true, 'weight');
const optimizer = tf.train.sgd(0.1);
const told: string[] = [];
const training = instrument(optimizer, { onSinkError: ({ message }) => told.push(message) });
const step = () => optimizer.minimize(() => weight.square() as tf.Scalar);
const before = process.stdout.listeners('error');
training.attach(training.events$.pipe(parameterUpdates()), consoleSink());

step();
await once(process.stdin.resume(), 'end');
for (let i = 1; i < 5; i++) {
  step();
  if (process.argv[2] === 'slow') await new Promise((resolve) => setTimeout(resolve));
}
await training.close();
const left = process.stdout.listeners('error').filter((listener) => !before.includes(listener)).length;
process.stderr.write(JSON.stringify({ steps: training.stepsDone, told, left }));
