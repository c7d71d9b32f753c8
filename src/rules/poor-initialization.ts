import type { OperatorFunction } from 'rxjs';
import { checkPositive, checkPositiveInteger } from '../events/check-option.js';
import type { AlertEvent } from '../events/events.js';
import { shortNumber } from '../events/short-number.js';
import type { Activations } from '../operators/activations.js';
import { createRule, type RuleOptions } from './create-rule.js';

export interface PoorInitializationOptions extends RuleOptions {
  /** The largest ratio of the layers' variances. Default: 1000. */
  readonly ratio?: number;
  /** Only the first so many steps are judged. Default: 10. */
  readonly steps?: number;
}

/**
 * At the start of the run the signal dies out, or grows without bound, from layer to layer: the variance over the batch of
 * what one layer gives is more than a thousand times that of another. The alert names the layer with the smallest, where
 * the signal is lost. After the first ten steps it can only end.
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
 * import { activations, instrument, poorInitialization } from 'trainscope';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(activations(model), poorInitialization()));
 * ```
 */
export function poorInitialization({
  ratio = 1000,
  steps = 10,
  ...options
}: PoorInitializationOptions = {}): OperatorFunction<Activations, AlertEvent> {
  checkPositive('ratio', ratio);
  checkPositiveInteger('steps', steps);
  return createRule(
    {
      name: 'poor-initialization',
      severity: 'warning',
      patience: 3,
      recovery: 3,
      start: () => ({}),
      judge({ step, layers }: Activations) {
        const [least, ...others] = layers
          .filter(({ variance }) => Number.isFinite(variance))
          .sort((a, b) => a.variance - b.variance);
        const most = others.at(-1);
        if (!least || !most) return undefined;
        const value = most.variance / least.variance;
        if (!(value > ratio)) return [];
        if (step > steps) return undefined;
        return [
          {
            parameter: least.name,
            value,
            threshold: ratio,
            what: `what it gives varies ${shortNumber(value)} times less over the batch than what ${most.name} gives, more than ${shortNumber(ratio)} times`,
            advice:
              'The signal is lost there: initialise with heNormal before a ReLU and glorotUniform before tanh, add normalisation, or residual connections.',
          },
        ];
      },
    },
    options,
  );
}
