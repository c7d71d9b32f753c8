import type { ResolvedArguments } from '../arguments/training-arguments.js';
import type { AdaptedModel } from '../model/trainable-model.js';
import { AdamW } from './adamw.js';
import { hasWeightDecay } from './weight-decay.js';

/** The optimizer of a training that is given none: AdamW, as the arguments have it. */
export function createOptimizer(args: ResolvedArguments, model: AdaptedModel): AdamW {
  const names = new Map(model.parameters().map(({ name, variable }) => [variable.name, name]));
  return new AdamW({
    learningRate: args.learningRate,
    beta1: args.adamBeta1,
    beta2: args.adamBeta2,
    epsilon: args.adamEpsilon,
    weightDecay: args.weightDecay,
    decays: (variable) => hasWeightDecay(names.get(variable) ?? variable),
  });
}
