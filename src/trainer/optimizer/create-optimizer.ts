import { nearestHint } from '../../events/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import type { AdaptedModel } from '../model/trainable-model.js';
import { AdamW } from './adamw.js';

/** Which parameters decay: their names, or whether one of a name does. */
export type DecayParameters = readonly string[] | ((name: string) => boolean);

/**
 * The optimizer of a training that is given none: AdamW, as the arguments have it.
 *
 * @throws RangeError for a name in `decayParameters` that no parameter has.
 */
export function createOptimizer(
  args: ResolvedArguments,
  model: AdaptedModel,
  decayParameters: DecayParameters = (name) => model.decays(name),
): AdamW {
  const parameters = model.parameters();
  const decays = typeof decayParameters === 'function' ? decayParameters : isIn(decayParameters, parameters);
  const decaying = new Set(parameters.filter(({ name }) => decays(name)).map(({ variable }) => variable.name));
  return new AdamW({
    learningRate: args.learningRate,
    beta1: args.adamBeta1,
    beta2: args.adamBeta2,
    epsilon: args.adamEpsilon,
    weightDecay: args.weightDecay,
    decays: (variable) => decaying.has(variable),
  });
}

function isIn(list: readonly string[], parameters: readonly { readonly name: string }[]): (name: string) => boolean {
  const names = parameters.map(({ name }) => name);
  const wrong = list.find((name) => !names.includes(name));
  if (wrong === undefined) return (name) => list.includes(name);
  throw new RangeError(
    `decayParameters: expected names of the model's parameters, got ${JSON.stringify(wrong)}${nearestHint(wrong, names)}`,
  );
}
