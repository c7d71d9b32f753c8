import { checkOptions } from '../events/index.js';
import { checkLoopOptions, RUN_OPTIONS } from '../run/index.js';
import { explainMissingKernels } from './backend/patch-backend.js';
import { InstrumentedLoop } from './instrumented-loop.js';
import { checkNotObserved } from './optimizer-hooks.js';
import { type InstrumentTarget, resolveTarget } from './target.js';
import type { InstrumentOptions, Training } from './training.js';

/**
 * Observe whatever trains with this optimizer or model: `model.fit`, `fitDataset`, `trainOnBatch`, `minimize`, and loops
 * by hand that end in `applyGradients`.
 *
 * Hooks `minimize` and `applyGradients` of this one instance (and `fit`, `fitDataset` of a model, to learn how long they
 * will go on), so that two models side by side do not mix. A model that is compiled anew, or whose `optimizer` is
 * assigned, is observed on with that one, from the next step on. A step is timed from the call of `minimize`; a loop that
 * calls `applyGradients` itself shows only that part, and its loss only by `setLoss`.
 *
 * @throws TypeError when the target is neither an optimizer nor a compiled model; Error when it is already instrumented.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { ofType } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const w = tf.variable(tf.scalar(1), true, 'w');
 * const optimizer = tf.train.sgd(0.1);
 * const training = instrument(optimizer, { run: 'square' });
 * training.events$.pipe(ofType('step-end')).subscribe(({ step, loss }) => console.log(step, loss));
 * for (let i = 0; i < 3; i++) optimizer.minimize(() => w.square() as tf.Scalar);
 * await training.close();
 * ```
 */
export function instrument(target: InstrumentTarget, options: InstrumentOptions = {}): Training {
  checkOptions('instrument', options, { ...RUN_OPTIONS, parameters: true, plan: true, config: true, handlers: true });
  checkLoopOptions('instrument', options);
  const { optimizer, model } = resolveTarget(target, 'instrument');
  checkNotObserved(optimizer);
  explainMissingKernels();
  return new InstrumentedLoop(optimizer, model, options);
}
