import { type Optimizer, tidy } from '@tensorflow/tfjs-core';
import type { Comparison, MaybePromise } from '../../parameters/index.js';
import {
  createStepParameters,
  type LiveParameters,
  type NamedParameter,
  setLearningRate,
  stepSumsOf,
} from '../../tfjs/index.js';
import type { Gradients } from './gradients.js';

/** The handle on the parameters of an update; whoever makes it releases it. */
export function liveParameters(trainable: readonly NamedParameter[], gradients: Gradients): LiveParameters {
  return createStepParameters(
    trainable.map(({ name, variable }) => {
      const gradient = gradients.of(variable);
      return gradient ? { name, variable, gradient } : { name, variable };
    }),
  );
}

/**
 * Have the optimizer make the update at a rate. When it is made, gives the norm of every parameter's update, in an array of its own: what
 * subscribers do to theirs is not seen in it.
 */
export async function observedUpdate(
  optimizer: Optimizer,
  learningRate: number,
  gradients: Gradients,
  parameters: LiveParameters,
): Promise<{ readonly updateNorms: MaybePromise<Float64Array> }> {
  const before = parameters.snapshot();
  try {
    setLearningRate(optimizer, learningRate);
    let applied: unknown;
    tidy(() => {
      applied = optimizer.applyGradients(gradients.byName);
    });
    // An optimizer of the user's may be async: the gradients are its own until it is done.
    await applied;
    parameters.advance(stepSumsOf(optimizer));
    const found = parameters.compare(before, { statistics: ['updateNorm'] });
    // Not waited for here: on a device the numbers come after the step.
    return { updateNorms: found instanceof Promise ? found.then(ownNorms) : ownNorms(found) };
  } finally {
    before.dispose();
  }
}

function ownNorms({ columns }: Comparison<'updateNorm'>): Float64Array {
  return columns.updateNorm.slice();
}
