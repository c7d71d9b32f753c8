import type { OperatorFunction } from 'rxjs';
import { type Activations, type AlertEvent, checkOptions, checkShare, shortNumber } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { requireLayers } from './require-layers.js';

export interface DeadReluOptions extends RuleOptions {
  /** The largest share of a layer's units that may be dead. Default: 0.9. */
  readonly share?: number;
}

/**
 * More than nine in ten of a layer's ReLUs are dead: above 0 for less than 1 % of a batch, in three of the looked-at steps
 * in a row. In a batch of fewer than 100 that means never; a single example says nothing.
 *
 * Peer: SageMaker Debugger's DeadRelu, active less than 1 % of the time, more than 50 % of a layer. Half of a layer's units
 * give 0 for most small batches of a run that is well, so 90 % here.
 *
 * @throws TypeError when the share is not above 0, up to 1.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { deadRelu } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: 'relu' }), tf.layers.dense({ units: 1 })],
 * });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.report(training.events$.pipe(activations(model), deadRelu()));
 * ```
 */
export function deadRelu(given: DeadReluOptions = {}): OperatorFunction<Activations, AlertEvent> {
  const { share = 0.9, ...options } = checkOptions('deadRelu', given, { share: true, ...RULE_OPTIONS });
  checkShare('share', share);
  return createRule(
    {
      name: 'dead-relu',
      severity: 'warning',
      patience: 3,
      recovery: 3,
      start: () => ({}),
      judge: (activations: Activations) =>
        requireLayers(activations, 'deadRelu()').flatMap(({ name, units, mean, variance, dead }) => {
          // A NaN is not above 0 either.
          if (Number.isNaN(mean) || Number.isNaN(variance) || !(dead > share)) return [];
          return {
            parameter: name,
            value: dead,
            threshold: share,
            what: `${Math.round(dead * units)} of ${units} ReLUs are dead (${shortNumber(100 * dead)} %, more than ${shortNumber(100 * share)} %)`,
            cause: 'dead-relu',
            confidence: 'certain' as const,
            otherwise: ['rate-too-high', 'unscaled-inputs'],
            advice:
              'No gradient passes them: look at the scale of the inputs and at the biases; else lower the learning rate, or use a leaky ReLU.',
          };
        }),
    },
    options,
  );
}
