// Rules watch the stream; control acts on the loop; everything that was done is an event.
import type * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import {
  explodingUpdates,
  lossSpike,
  nonFinite,
  ofType,
  parameterUpdates,
  steerUpdateRatio,
  stopOnAlert,
  unchangedParameter,
} from 'trainscope';
import { instrument } from 'trainscope/tfjs';

export async function train(model: tf.LayersModel, x: tf.Tensor, y: tf.Tensor): Promise<void> {
  const training = instrument(model, { run: 'closed-loop' });
  const updates$ = training.events$.pipe(
    parameterUpdates({ statistics: ['updateNorm', 'weightNorm', 'nonFinite', 'unchanged'] }),
  );

  const alerts$ = merge(
    updates$.pipe(nonFinite()),
    updates$.pipe(explodingUpdates({ ratio: 1e-1 })),
    updates$.pipe(unchangedParameter({ steps: 3 })),
    training.events$.pipe(lossSpike()),
  );
  training.report(alerts$); // alerts become events: every sink sees them
  training.steer(updates$.pipe(steerUpdateRatio({ target: 1e-3, min: 1e-6, max: 1e-2 }))); // sets the learning rate
  training.steer(alerts$.pipe(stopOnAlert({ severity: 'error' })));

  training.events$
    .pipe(ofType('alert', 'control'))
    .subscribe((event) => console.log(event.step, event.type, event.message));
  await model.fit(x, y, { epochs: 20, verbose: 0, callbacks: training.callbacks() });
  await training.close();
}
