import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, shortNumber, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { type Divergence, divergence, takeStep, whyOf } from './divergence.js';

const NAME = 'non-finite-loss';

/**
 * The loss of a step is NaN or infinite.
 *
 * Told from the first step on. A step whose loss the loop did not show (`lossShown: false`) says nothing, whatever it has
 * for a loss.
 *
 * A run that tells this itself, as a Trainer's does, is left to it.
 *
 * Peer: SageMaker Debugger's ExplodingTensor, any value that is not finite.
 *
 * @example
 * ```ts
 * import { nonFiniteLoss, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(nonFiniteLoss()));
 * ```
 */
export function nonFiniteLoss(options: RuleOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  checkOptions('nonFiniteLoss', options, RULE_OPTIONS);
  return createRule<TrainingEvent, State>(
    {
      name: NAME,
      severity: 'error',
      recovery: 1,
      start: () => ({ ...divergence(), isIll: false }),
      judge,
    },
    options,
  );
}

interface State extends Divergence {
  isIll: boolean;
  /** The loop tells it itself. */
  isToldByLoop?: boolean;
}

function judge(event: TrainingEvent, state: State) {
  // The rule's own alert, when it is reported, comes back only while it finds something.
  if (event.type === 'alert' && event.rule === NAME && !state.isIll) state.isToldByLoop = true;
  if (event.type !== 'step-end' || state.isToldByLoop) return undefined;
  const { loss, lossShown } = event;
  if (lossShown === false) return undefined;
  takeStep(state, loss);
  if (Number.isFinite(loss)) {
    state.isIll = false;
    return [];
  }
  state.isIll = true;
  return [
    {
      value: loss,
      what: `the loss is ${loss}${state.last === undefined ? '' : `, and was ${shortNumber(state.last)} before`}`,
      ...whyOf(state),
    },
  ];
}
