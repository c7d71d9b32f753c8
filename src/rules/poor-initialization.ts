import type { OperatorFunction } from 'rxjs';
import {
  type Activations,
  type AlertEvent,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  shortNumber,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { requireLayers } from './require-layers.js';

export interface PoorInitializationOptions extends RuleOptions {
  /** How many times smaller or larger than the first layer's a variance may be. Default: 1000. */
  readonly ratio?: number;
  /** Only the first so many steps are judged. Default: 10. */
  readonly steps?: number;
}

/**
 * At the start of the run the signal dies out, or grows without bound, from layer to layer: the variance over the batch of
 * what a layer gives is a thousand times smaller, or larger, than that of the first. The alert names the first layer of
 * which that is true. After the first ten steps it can only end.
 *
 * Peer: SageMaker Debugger's PoorWeightInitialization: a ratio above 10 between the variances of layers' weights, or
 * gradients whose 5th and 95th percentiles are within 0.001; patience 5, first 10 steps. Weights of a Glorot
 * initialisation differ by more than 10 where layers differ in width, and the gradients of a healthy transformer are all
 * within 0.001; so here it is what the layers give that counts, as the initialisations' own theory has it (Glorot and
 * Bengio, 2010; He et al., 2015).
 *
 * @throws TypeError for a ratio that is not positive, steps that are no positive integer.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { poorInitialization } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: 'relu' }), tf.layers.dense({ units: 1 })],
 * });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.report(training.events$.pipe(activations(model), poorInitialization()));
 * ```
 */
export function poorInitialization(given: PoorInitializationOptions = {}): OperatorFunction<Activations, AlertEvent> {
  const {
    ratio = 1000,
    steps = 10,
    ...options
  } = checkOptions('poorInitialization', given, { ratio: true, steps: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  checkPositiveInteger('steps', steps);
  return createRule(
    {
      name: 'poor-initialization',
      severity: 'warning',
      patience: 3,
      recovery: 3,
      start: () => ({}),
      judge(activations: Activations) {
        const layers = requireLayers(activations, 'poorInitialization()');
        const [first, ...others] = layers.filter(({ variance }) => Number.isFinite(variance));
        if (!first || others.length === 0) return undefined;
        const lost = others.find(({ variance }) => variance * ratio < first.variance);
        const grown = others.find(({ variance }) => variance > first.variance * ratio);
        const layer = lost ?? grown;
        if (!layer) return [];
        if (activations.step > steps) return undefined;
        const value = lost ? first.variance / lost.variance : layer.variance / first.variance;
        return [
          {
            parameter: layer.name,
            value,
            threshold: ratio,
            what: `over the batch, what it gives varies ${shortNumber(value)} times ${lost ? 'less' : 'more'} than what ${first.name} gives, more than ${shortNumber(ratio)} times`,
            cause: 'poor-initialization',
            advice: `The signal ${lost ? 'is lost there' : 'grows without bound'}: initialise with heNormal before a ReLU and glorotUniform before tanh, add normalisation, or residual connections.`,
          },
        ];
      },
    },
    options,
  );
}
