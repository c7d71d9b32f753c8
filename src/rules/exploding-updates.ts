import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositive, checkPositiveInteger, shortNumber } from '../events/index.js';
import { columnOf, jointNorm, type ParameterUpdates, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { divergedWhy } from './divergence.js';
import { layerWeights } from './layer-weights.js';
import { hasImproved, hasRisen, isBack, type LossCourse, lossCourse, takeLoss } from './loss-course.js';

export interface ExplodingUpdatesOptions extends RuleOptions {
  /** The largest update, as a share of the norm of its layer's weights. Default: 0.1. */
  readonly ratio?: number;
}

/** For so many updates a run that had learned is worse than at its beginning before it counts as lost. */
const FOR_GOOD = 10;
/** Where the loss is not shown, so many times the ratio. */
const UNSEEN = 10;

interface State {
  readonly course: LossCourse;
  /** The norm of all gradients of the first update, where gradients are measured. */
  gradient?: number;
  /** Since which step updates have been too large; null where the last was not. */
  since: number | null;
  /** How many they are, and the highest loss at one of them. */
  times: number;
  worst: number;
  /** How many updates ago the loss was well below the first. */
  above: number;
  /** The run had diverged, and is not back where it began. */
  diverged: boolean;
}

/**
 * The run diverges: a parameter moves by more than a tenth of its layer's weights, three updates in a row, and the loss of
 * one of them is far above the one that the run began with (twice it, and by 1 at least). A run that had learned has to be
 * worse off for ten updates: sorted data and bad batches throw one back that recovers. It is over when the loss is back
 * where it began. Where the loop does not show its loss, it takes ten times the ratio. A step with a NaN says nothing: that
 * is `nonFinite`'s.
 *
 * The layer's weights count because a bias begins at zero; a layer that is all zeros is not judged. Where the very first
 * loss or gradient was above a thousand, it is the inputs or the targets that are not scaled.
 *
 * Peers: DL4J calls a ratio above 1e-2 suspicious, SageMaker Debugger one above 10. First updates of a healthy run are
 * often above 1e-2, and with small embeddings, batch norm or momentum above 0.1 while the loss falls; hence the look at it.
 *
 * @throws TypeError when the ratio is not a positive number.
 *
 * @example
 * ```ts
 * import { explodingUpdates, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates(), explodingUpdates({ ratio: 0.1 })));
 * ```
 */
export function explodingUpdates<S extends Statistic>(
  given: ExplodingUpdatesOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'>, AlertEvent> {
  const {
    ratio = 0.1,
    patience = 3,
    ...options
  } = checkOptions('explodingUpdates', given, { ratio: true, ...RULE_OPTIONS });
  checkPositive('ratio', ratio);
  checkPositiveInteger('patience', patience);
  const weightsOf = layerWeights();
  return createRule<ParameterUpdates<'updateNorm' | 'weightNorm'>, State>(
    {
      name: 'exploding-updates',
      severity: 'error',
      statistics: ['updateNorm', 'weightNorm'],
      start: () => ({ course: lossCourse(), since: null, times: 0, worst: 0, above: FOR_GOOD, diverged: false }),
      judge(updates, state) {
        const { step, loss, lossShown, columns } = updates;
        if (columns.updateNorm.some(Number.isNaN)) return undefined;
        takeCourse(state, updates);
        const isUnseen = lossShown === false;
        const limit = isUnseen ? UNSEEN * ratio : ratio;
        const large = mayBeLarge(updates, limit) ? largeUpdates(updates, weightsOf(updates), limit) : [];
        countLarge(state, large.length > 0, step, loss);
        const isWorse = isUnseen || (hasRisen(state.course, state.worst) && state.above >= FOR_GOOD);
        // Told once, for all parameters: which of them move so far differs from update to update.
        if (state.diverged) return undefined;
        if (state.times < patience || !isWorse) return [];
        state.diverged = !isUnseen;
        return large.map(({ parameter, value }) => ({
          parameter,
          value,
          threshold: limit,
          since: state.since!,
          what: () => whatOf(value, isUnseen, state),
          ...divergedWhy(state.course, state.gradient ?? 0),
        }));
      },
    },
    { ...options, patience: 1 },
  );
}

/** What an update says of the run, whether it is large or not. */
function takeCourse(state: State, updates: ParameterUpdates<'updateNorm'>): void {
  const { loss } = updates;
  const gradient = columnOf(updates, 'gradientNorm');
  if (gradient) state.gradient ??= jointNorm(gradient);
  takeLoss(state.course, loss);
  state.above = hasImproved(state.course, loss) ? 0 : state.above + 1;
  if (isBack(state.course, loss)) state.diverged = false;
}

/** A layer's weights are not less than those of one of its parameters, but for rounding: mostly that is all to look at. */
function mayBeLarge({ columns }: ParameterUpdates<'updateNorm' | 'weightNorm'>, limit: number): boolean {
  const { updateNorm, weightNorm } = columns;
  return updateNorm.some((update, i) => !(update <= 0.999 * limit * weightNorm[i]!));
}

interface LargeUpdate {
  readonly parameter: string;
  /** The update norm over that of the layer's weights. */
  readonly value: number;
}

function largeUpdates(
  { names, columns }: ParameterUpdates<'updateNorm'>,
  layerWeights: ArrayLike<number>,
  limit: number,
): readonly LargeUpdate[] {
  return names.flatMap((parameter, i) => {
    const value = columns.updateNorm[i]! / layerWeights[i]!;
    return layerWeights[i] !== 0 && value > limit ? [{ parameter, value }] : [];
  });
}

function countLarge(state: State, isLarge: boolean, step: number, loss: number): void {
  if (!isLarge) Object.assign(state, { since: null, times: 0 });
  else if (state.since === null) Object.assign(state, { since: step, times: 1, worst: loss });
  else Object.assign(state, { times: state.times + 1, worst: Math.max(state.worst, loss) });
}

function whatOf(value: number, isUnseen: boolean, { course, worst }: State): string {
  const moved = `each update is ${shortNumber(value)} of the weights' norm`;
  return isUnseen
    ? moved
    : `${moved}, and the loss was ${shortNumber(worst)}, at first ${shortNumber(course.first[0]!)}`;
}
