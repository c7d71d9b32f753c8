import type { OperatorFunction } from 'rxjs';
import { type Activations, type AlertEvent, checkOptions, checkShare, shortNumber } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { requireLayers } from './require-layers.js';

export interface IdenticalUnitsOptions extends RuleOptions {
  /** The largest share of neighbouring units of a layer that may be the same. Default: 0.5. */
  readonly share?: number;
}

/**
 * More than half of a layer's units give what their neighbours give, for every example, in three of the looked-at steps in
 * a row: they get the same gradients and stay the same, so the layer is as good as one unit.
 *
 * Peers have no such rule; it is why weights are initialised at random.
 *
 * @throws TypeError when the share is not above 0, up to 1.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { identicalUnits } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: 'relu' }), tf.layers.dense({ units: 1 })],
 * });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.report(training.events$.pipe(activations(model), identicalUnits()));
 * ```
 */
export function identicalUnits(given: IdenticalUnitsOptions = {}): OperatorFunction<Activations, AlertEvent> {
  const { share = 0.5, ...options } = checkOptions('identicalUnits', given, { share: true, ...RULE_OPTIONS });
  checkShare('share', share);
  return createRule(
    {
      name: 'identical-units',
      severity: 'warning',
      patience: 3,
      recovery: 3,
      start: () => ({}),
      judge: (activations: Activations) =>
        requireLayers(activations, 'identicalUnits()').flatMap(({ name, units, identical = 0 }) => {
          if (!(identical > share)) return [];
          return {
            parameter: name,
            value: identical,
            threshold: share,
            what: `${shortNumber(100 * identical)} % of its ${units} units give what their neighbours give, more than ${shortNumber(100 * share)} %`,
            cause: 'identical-units',
            confidence: 'certain' as const,
            advice: 'Initialise the weights of the layer at random: heNormal before a ReLU, glorotUniform before tanh.',
          };
        }),
    },
    options,
  );
}
