import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, shortNumber } from '../events/index.js';
import { columnOf, jointNorm, medianOf, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleFinding, type RuleOptions } from './create-rule.js';
import { hasFallen, type LossCourse, lossCourse, takeLoss } from './loss-course.js';
import { pushBounded } from './window.js';

export interface TinyUpdatesOptions extends RuleOptions {
  /** The smallest update of all parameters together, as a share of their norm. Default: 1e-5. */
  readonly ratio?: number;
}

const WINDOW = 20;
/** A rate below this part of its highest is at the end of its decay, or in a warm-up. */
const IN_FORCE = 0.5;
/** Clipping makes the same norm of every gradient, but for rounding. */
const SAME_NORM = 1e-3;
/** Of rate · √elements, which is about what Adam moves by: less is the work of an epsilon. */
const SMALL_FOR_ADAM = 0.05;
/** Of rate · gradient norm, which is what SGD moves by, and momentum up to a hundred times. */
const LESS_THAN_SGD = 0.5;

interface State {
  readonly course: LossCourse;
  readonly ratios: number[];
  readonly gradients: number[];
  peak: number;
}

/**
 * Updates are too small to learn by: together less than 1e-5 of the weights' norm (the median of twenty), while the loss
 * has not fallen since the run began, and the rate is neither warming up nor at the end of its decay. Where gradients are
 * measured too, they say why: of one same norm, they are clipped; the update far below what this rate makes of them,
 * an epsilon swallows it; else the rate itself is too low.
 *
 * Peers: DL4J calls a ratio below 1e-4 suspicious, SageMaker Debugger one below 1e-8. Fine-tuning is well at 1e-4 and
 * less, so 1e-5 here, by which a thousand updates move the weights by a hundredth at most; and the look at the loss.
 *
 * @throws TypeError when the ratio is not a positive number.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, tinyUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates(), tinyUpdates()));
 * ```
 */
export function tinyUpdates<S extends Statistic>(
  given: TinyUpdatesOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'>, AlertEvent> {
  const { ratio = 1e-5, ...options } = checkOptions('tinyUpdates', given, { ratio: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  return createRule<ParameterUpdates<'updateNorm' | 'weightNorm'>, State>(
    {
      name: 'tiny-updates',
      severity: 'warning',
      patience: 3,
      statistics: ['updateNorm', 'weightNorm'],
      start: () => ({ course: lossCourse(), ratios: [], gradients: [], peak: 0 }),
      judge(updates, state) {
        const { loss, learningRate, columns } = updates;
        takeLoss(state.course, loss);
        if (learningRate === 0) return undefined;
        const value = jointNorm(columns.updateNorm) / jointNorm(columns.weightNorm);
        if (Number.isNaN(value)) return undefined;
        pushBounded(state.ratios, value, WINDOW);
        const gradient = columnOf(updates, 'gradientNorm');
        if (gradient) pushBounded(state.gradients, jointNorm(gradient), WINDOW);
        if (learningRate > state.peak) state.peak = learningRate;
        // NaN where the optimizer does not show its rate.
        if (learningRate < IN_FORCE * state.peak || state.ratios.length < WINDOW) return [];
        const median = medianOf(state.ratios);
        if (!(median < ratio) || hasFallen(state.course) !== false) return [];
        return [
          {
            value: median,
            threshold: ratio,
            what: `an update is ${shortNumber(median)} of the weights' norm, below ${shortNumber(ratio)}, and the loss has not fallen`,
            ...whyOf(updates, state),
          },
        ];
      },
    },
    options,
  );
}

function whyOf(
  { columns, learningRate, sizes }: ParameterUpdates<'updateNorm' | 'weightNorm'>,
  { gradients }: State,
): Pick<RuleFinding, 'cause' | 'confidence' | 'otherwise' | 'advice'> {
  const isClipped =
    gradients.length === WINDOW && Math.max(...gradients) - Math.min(...gradients) < SAME_NORM * Math.max(...gradients);
  if (isClipped) {
    return {
      cause: 'clipping-too-tight',
      otherwise: ['rate-too-low'],
      advice: `The joint norm of the gradients is ${shortNumber(gradients[0]!)} in every update: clip to a norm near 1, or not at all.`,
    };
  }
  const update = jointNorm(columns.updateNorm);
  const elements = sizes.reduce((sum, size) => sum + size, 0);
  const isSwallowed =
    update < SMALL_FOR_ADAM * learningRate * Math.sqrt(elements) &&
    update < LESS_THAN_SGD * learningRate * (gradients.at(-1) ?? 0);
  if (isSwallowed) {
    return {
      cause: 'epsilon-too-large',
      otherwise: ['rate-too-low'],
      advice: "Look at the optimizer's epsilon, 1e-8 or 1e-7 by default; else raise the learning rate tenfold.",
    };
  }
  return {
    cause: 'rate-too-low',
    otherwise: ['clipping-too-tight', 'epsilon-too-large'],
    advice: 'Raise the learning rate tenfold, and again, until an update is near 1e-3 of the weights.',
  };
}
