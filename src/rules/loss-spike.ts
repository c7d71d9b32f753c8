import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleFinding, type RuleOptions } from './create-rule.js';
import { meanOf, pushBounded } from './window.js';

export interface LossSpikeOptions extends RuleOptions {
  /** Over how many of the last steps the loss is averaged. Default: 10. */
  readonly window?: number;
  /** How many losses have to be known first. Default: those of 64 examples, at most 32; 8 where no one counts examples. */
  readonly warmup?: number;
  /** By how many times the mean the loss must rise above it. Default: 2, that is to three times the mean. */
  readonly rtol?: number;
  /** How many times the mean of the losses known first it must rise by at least. Default: 1. */
  readonly floor?: number;
  /** How many times the largest rise of the 100 steps before it must rise by at least. Default: 3. */
  readonly noise?: number;
}

/** So many examples say what the losses of a run are like: below, two batches differ for no other reason than chance. */
const EXAMPLES_TO_KNOW = 64;
const MOST_WARMUP = 32;
/** The examples of a batch of which no one says how many it has. */
const UNSAID_EXAMPLES = 8;
/** How many rises are remembered; how many say what is usual; and from how many on the last `window` do not count. */
const RISES = 100;
const FEW_RISES = 5;
const ENOUGH_RISES = 50;

/**
 * The loss of a step is far above that of the steps before, or infinite. The step that the alert names is that of the
 * batch. A spike does not count towards the mean.
 *
 * Peer: PyTorch Lightning's SpikeDetection: window 10, warm-up 1, rtol 2.0. The same here, with three reserves. A floor:
 * where the loss has come near zero, a single hard example makes it many times larger, and that is well; a spike worth a
 * look rises by as much as the losses that the run began with. The noise: losses of one to eight examples jump by
 * themselves, so a spike rises by three times as much as any loss of the 100 steps before rose above the mean before it. (The
 * last steps do not count there once 50 are known: a run that diverges would hide itself.) And a warm-up of 64 examples:
 * one step for a large batch, 32 steps for a batch of one or two.
 *
 * @throws TypeError for a window or a warm-up that is not a positive integer, a tolerance that is not positive.
 *
 * @example
 * ```ts
 * import { lossSpike, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(lossSpike()));
 * ```
 */
export function lossSpike(given: LossSpikeOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const {
    window = 10,
    warmup,
    rtol = 2,
    floor = 1,
    noise = 3,
    ...options
  } = checkOptions('lossSpike', given, {
    window: true,
    warmup: true,
    rtol: true,
    floor: true,
    noise: true,
    ...RULE_OPTIONS,
  });
  checkPositiveInteger('window', window);
  if (warmup !== undefined) checkPositiveInteger('warmup', warmup);
  checkPositive('rtol', rtol);
  checkPositive('floor', floor);
  checkPositive('noise', noise);
  const isKnown = ({ seen, examples }: State) =>
    warmup === undefined ? examples >= EXAMPLES_TO_KNOW || seen >= MOST_WARMUP : seen >= warmup;
  return createRule<TrainingEvent, State>(
    {
      name: 'loss-spike',
      severity: 'warning',
      recovery: 3,
      start: () => ({ losses: [], rises: [], seen: 0, examples: 0, first: 0 }),
      judge(event, state) {
        // A loss of NaN is no spike: `nonFiniteLoss` tells of it, and the loop may not have shown it.
        if (event.type !== 'step-end' || Number.isNaN(event.loss)) return undefined;
        const { loss, examples } = event;
        const mean = meanOf(state.losses);
        const least = Math.max(rtol * Math.abs(mean), floor * Math.abs(state.first), noise * usualRise(state, window));
        const known = isKnown(state);
        if (!Number.isFinite(loss) || (known && loss > mean + least)) return [spike(loss, state, mean, mean + least)];
        if (!known) state.first = (state.first * state.seen + loss) / (state.seen + 1);
        if (state.seen > 0) pushBounded(state.rises, Math.max(0, loss - mean), RISES);
        state.seen++;
        state.examples += Number.isNaN(examples) ? UNSAID_EXAMPLES : examples;
        pushBounded(state.losses, loss, window);
        return [];
      },
    },
    options,
  );
}

interface State {
  /** The last losses. */
  readonly losses: number[];
  /** By how much the losses before rose above the mean before them. */
  readonly rises: number[];
  seen: number;
  examples: number;
  /** The mean loss of the warm-up. */
  first: number;
}

function usualRise({ rises }: State, window: number): number {
  if (rises.length < FEW_RISES) return 0;
  return Math.max(...(rises.length < ENOUGH_RISES ? rises : rises.slice(0, -window)));
}

function spike(loss: number, { losses, seen }: State, mean: number, limit: number): RuleFinding {
  return {
    value: loss,
    ...(seen > 0 && { threshold: limit }),
    what: `the loss is ${shortNumber(loss)}${seen > 0 ? `, and ${before(losses.length)} was ${shortNumber(mean)}` : ''}`,
    cause: 'bad-batch',
    otherwise: ['rate-too-high'],
    advice:
      "Look at this step's batch; if it recurs, lower the learning rate, clip the gradients, or skip such batches.",
  };
}

function before(steps: number): string {
  return steps === 1 ? 'that of the step before' : `its mean over the ${steps} steps before`;
}
