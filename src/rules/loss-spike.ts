import type { OperatorFunction } from 'rxjs';
import { checkPositive, checkPositiveInteger } from '../events/check-option.js';
import type { AlertEvent, TrainingEvent } from '../events/events.js';
import { shortNumber } from '../events/short-number.js';
import { createRule, type RuleOptions } from './create-rule.js';
import { meanOf, pushBounded } from './window.js';

export interface LossSpikeOptions extends RuleOptions {
  /** Over how many of the last steps the loss is averaged. Default: 10. */
  readonly window?: number;
  /** How many losses have to be known first. Default: 1. */
  readonly warmup?: number;
  /** By how many times the mean the loss must rise above it. Default: 2, that is to three times the mean. */
  readonly rtol?: number;
  /** How many times the run's first loss it must rise by at least. Default: 1. */
  readonly floor?: number;
}

/**
 * The loss of a step is far above that of the steps before, or infinite. The step that the alert names is that of the
 * batch. A spike does not count towards the mean.
 *
 * Peer: PyTorch Lightning's SpikeDetection: window 10, warm-up 1, rtol 2.0. The same here, and a floor: where the loss
 * has come near zero, a single hard example makes it many times larger, and that is well; a spike worth a look rises by
 * as much as the loss that the run began with.
 *
 * @throws TypeError for a window or a warm-up that is not a positive integer, a tolerance that is not positive.
 *
 * @example
 * ```ts
 * import { lossSpike } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(lossSpike()));
 * ```
 */
export function lossSpike({
  window = 10,
  warmup = 1,
  rtol = 2,
  floor = 1,
  ...options
}: LossSpikeOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  checkPositiveInteger('window', window);
  checkPositiveInteger('warmup', warmup);
  checkPositive('rtol', rtol);
  checkPositive('floor', floor);
  interface State {
    readonly losses: number[];
    seen: number;
    first?: number;
  }
  return createRule<TrainingEvent, State>(
    {
      name: 'loss-spike',
      severity: 'warning',
      recovery: 3,
      start: () => ({ losses: [], seen: 0 }),
      judge(event, state) {
        // A loss of NaN is one that the loop has never shown.
        if (event.type !== 'step-end' || Number.isNaN(event.loss)) return undefined;
        const { loss } = event;
        const mean = meanOf(state.losses);
        const limit = mean + Math.max(rtol * Math.abs(mean), floor * Math.abs(state.first ?? 0));
        if (!Number.isFinite(loss) || (state.seen >= warmup && loss > limit)) {
          return [
            {
              value: loss,
              ...(state.seen > 0 && { threshold: limit }),
              what: `the loss is ${shortNumber(loss)}${state.seen > 0 ? `, and ${before(state.losses.length)} was ${shortNumber(mean)}` : ''}`,
              advice:
                "Look at this step's batch; if it recurs, lower the learning rate, clip the gradients, or skip such batches.",
            },
          ];
        }
        state.first ??= loss;
        state.seen++;
        pushBounded(state.losses, loss, window);
        return [];
      },
    },
    options,
  );
}

function before(steps: number): string {
  return steps === 1 ? 'that of the step before' : `its mean over the ${steps} steps before`;
}
