// A loop by hand, custom operators from plain rxjs, and ours: nothing here is special to trainscope but the stream.
import * as tf from '@tensorflow/tfjs';
import { bufferCount, filter, map, pairwise } from 'rxjs';
import { everySteps, ofType, parameterUpdates, selectParameters, topUpdates } from 'trainscope';
import { instrument } from 'trainscope/tfjs';

const w = tf.variable(tf.randomNormal([8, 1]), true, 'linear/weight');
const b = tf.variable(tf.scalar(0), true, 'linear/bias');
const optimizer = tf.train.sgd(0.05);
const training = instrument(optimizer, { run: 'custom-loop' });

// Loss every step, as the optimizer computed it.
training.events$
  .pipe(
    ofType('step-end'),
    pairwise(),
    map(([before, after]) => after.loss - before.loss),
  )
  .subscribe((change) => console.log('loss change', change.toExponential(2)));

// The weights only, every fifth step, mean ratio over four observations.
training.events$
  .pipe(
    parameterUpdates({ when: everySteps(5) }),
    selectParameters(/weight$/),
    map((updates) => updates.of('linear/weight').updateRatio),
    bufferCount(4),
    map((ratios) => ratios.reduce((sum, r) => sum + r, 0) / ratios.length),
    filter(Number.isFinite),
  )
  .subscribe((ratio) => console.log('mean update ratio', ratio.toExponential(2)));

// The three parameters that moved most.
training.events$.pipe(parameterUpdates(), topUpdates(3)).subscribe((top) => {
  for (const { name, updateNorm, gradientNorm } of top) console.log(name, updateNorm, gradientNorm);
});

const x = tf.randomNormal([64, 8]);
const y = tf.tidy(() => x.sum(1, true).mul(0.5));
for (let step = 0; step < 100; step++) {
  optimizer.minimize(() => tf.losses.meanSquaredError(y, x.matMul(w).add(b)) as tf.Scalar);
}
await training.close();
