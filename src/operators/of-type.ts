import { filter, type OperatorFunction } from 'rxjs';
import { type EventOf, isEventOf, type TrainingEventType } from '../events/index.js';

/**
 * Only the events of the given types, typed as such. Of a recorded run, too, which has measurements among its events.
 *
 * @throws TypeError for a type that is not in the vocabulary; it lists those that are.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { ofType } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(tf.train.sgd(0.1));
 * training.events$.pipe(ofType('step-end')).subscribe(({ step, loss }) => console.log(step, loss));
 * ```
 */
export function ofType<T extends TrainingEventType>(
  ...types: readonly T[]
): OperatorFunction<{ readonly type: string }, EventOf<T>> {
  return filter(isEventOf(...types));
}
