import type { OperatorFunction } from 'rxjs';
import { type Activations, type AlertEvent, checkOptions, checkShare, shortNumber } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { requireLayers } from './require-layers.js';

export interface SaturatedActivationOptions extends RuleOptions {
  /** The largest share of a layer's values that may be saturated. Default: 0.5. */
  readonly share?: number;
}

/**
 * More than half of what a tanh or sigmoid layer gives is where the function is flat to float32 precision, in three of the
 * looked-at steps in a row.
 *
 * Peer: SageMaker Debugger's SaturatedActivation: tanh beyond ±9.4999, sigmoid outside of (−23, 16.99999), more than 50 %
 * of a layer. The same here, but seen in the outputs: in float32 tanh is 1 from about 9 on.
 *
 * @throws TypeError when the share is not above 0, up to 1.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { saturatedActivation } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: 'tanh' }), tf.layers.dense({ units: 1 })],
 * });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.report(training.events$.pipe(activations(model), saturatedActivation()));
 * ```
 */
export function saturatedActivation(given: SaturatedActivationOptions = {}): OperatorFunction<Activations, AlertEvent> {
  const { share = 0.5, ...options } = checkOptions('saturatedActivation', given, { share: true, ...RULE_OPTIONS });
  checkShare('share', share);
  return createRule(
    {
      name: 'saturated-activation',
      severity: 'warning',
      patience: 3,
      recovery: 3,
      start: () => ({}),
      judge: (activations: Activations) =>
        requireLayers(activations, 'saturatedActivation()').flatMap(({ name, activation, saturated }) => {
          if (!(saturated > share)) return [];
          return {
            parameter: name,
            value: saturated,
            threshold: share,
            what: `${shortNumber(100 * saturated)} % of what its ${activation} gives is saturated, more than ${shortNumber(100 * share)} %`,
            cause: 'saturated-activation',
            confidence: 'certain' as const,
            otherwise: ['unscaled-inputs', 'poor-initialization'],
            advice: 'No gradient passes there: normalise the inputs, initialise smaller, or lower the learning rate.',
          };
        }),
    },
    options,
  );
}
