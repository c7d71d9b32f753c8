import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, shortNumber, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

const NAME = 'non-finite-loss';

/** Until a second loss has been shown, a loop may be one that shows every tenth. */
const SELDOM = 9;

/**
 * The loss of a step is NaN or infinite.
 *
 * An infinite loss is told at once. A loss of NaN is also how a source says that the loop has not shown it, so NaN counts
 * only after a finite loss, and only for longer than the loop has gone without showing one: it learns that from the steps
 * before the first and the second finite loss. A loop that shows every loss is told of the first NaN; one that never shows
 * its loss, of none. NaN from the first step on is `nonFinite`'s, which reads the parameters.
 *
 * A run that tells this itself, as a Trainer's does, is left to it.
 *
 * Peer: SageMaker Debugger's ExplodingTensor, any value that is not finite.
 *
 * @example
 * ```ts
 * import { nonFiniteLoss } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(nonFiniteLoss()));
 * ```
 */
export function nonFiniteLoss(options: RuleOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  checkOptions('nonFiniteLoss', options, RULE_OPTIONS);
  return createRule<TrainingEvent, State>(
    {
      name: NAME,
      severity: 'error',
      recovery: 1,
      start: () => ({ shown: 0, missing: 0, gap: 0, isIll: false }),
      judge,
    },
    options,
  );
}

interface State {
  /** Finite losses, up to the second. */
  shown: number;
  last?: number;
  /** Steps in a row whose loss was NaN. */
  missing: number;
  /** The most of them before the first two finite losses. */
  gap: number;
  isIll: boolean;
  /** The loop tells it itself. */
  isToldByLoop?: boolean;
}

function judge(event: TrainingEvent, state: State) {
  // The rule's own alert, when it is reported, comes back only while it finds something.
  if (event.type === 'alert' && event.rule === NAME && !state.isIll) state.isToldByLoop = true;
  if (event.type !== 'step-end' || state.isToldByLoop) return undefined;
  const { loss } = event;
  if (Number.isFinite(loss)) {
    if (state.shown < 2) state.gap = Math.max(state.gap, state.missing);
    Object.assign(state, { shown: Math.min(2, state.shown + 1), last: loss, missing: 0, isIll: false });
    return [];
  }
  if (Number.isNaN(loss)) {
    state.missing++;
    const usual = state.shown === 1 ? Math.max(SELDOM, state.gap) : state.gap;
    if (state.shown === 0 || state.missing <= usual) return undefined;
  }
  state.isIll = true;
  return [
    {
      value: loss,
      what: `the loss is ${loss}${state.last === undefined ? '' : `, and was ${shortNumber(state.last)} before`}`,
      advice:
        "Look at this step's batch and for a logarithm or a division of zero; lower the learning rate, warm it up, or clip the gradients.",
    },
  ];
}
