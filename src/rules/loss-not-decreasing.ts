import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkPositiveInteger,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

export interface LossNotDecreasingOptions extends RuleOptions {
  /** How many steps' losses are averaged, and then compared. Default: 20. */
  readonly steps?: number;
}

/** A run whose mean loss has fallen by this share of its first has learned something. */
const LEARNED = 0.05;

const PLATEAU = {
  severity: 'info',
  cause: 'finished',
  confidence: 'possible',
  advice: 'It may have learned what it can: evaluate, lower the learning rate, or stop.',
} as const;

const STUCK = {
  otherwise: ['rate-too-low', 'random-labels', 'finished'],
  advice:
    'Raise the learning rate, and look whether the labels belong to their inputs; stop, if it knew all that before.',
} as const;

/**
 * The loss has come to a plateau: its mean over twenty steps has not been below the best such mean, ten times in a row.
 * That of a run that has learned is worth a word; one that never did is warned of.
 *
 * Peer: SageMaker Debugger's LossNotDecreasing, compared every 10 steps, any decrease passes. Here of means
 * over 20, and after a patience of 10: single losses of mini-batches rise in every second comparison of a run that is well.
 *
 * @throws TypeError when `steps` is not a positive integer.
 *
 * @example
 * ```ts
 * import { lossNotDecreasing, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(lossNotDecreasing({ steps: 10, patience: 5 })));
 * ```
 */
export function lossNotDecreasing(given: LossNotDecreasingOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const { steps = 20, ...options } = checkOptions('lossNotDecreasing', given, { steps: true, ...RULE_OPTIONS });
  checkPositiveInteger('steps', steps);
  interface State {
    sum: number;
    count: number;
    best?: number;
    /** The first mean. */
    first?: number;
  }
  return createRule<TrainingEvent, State>(
    {
      name: 'loss-not-decreasing',
      severity: 'warning',
      patience: 10,
      recovery: 1,
      start: () => ({ sum: 0, count: 0 }),
      judge(event, state) {
        if (event.type !== 'step-end' || !Number.isFinite(event.loss)) return undefined;
        state.sum += event.loss;
        if (++state.count < steps) return undefined;
        const value = state.sum / steps;
        Object.assign(state, { sum: 0, count: 0 });
        state.first ??= value;
        if (state.best === undefined || value < state.best) {
          state.best = value;
          return [];
        }
        return [
          {
            value,
            threshold: state.best,
            what: `the mean loss of ${steps} steps is ${shortNumber(value)}, not below the best so far, ${shortNumber(state.best)}`,
            ...(state.best < state.first - LEARNED * Math.abs(state.first) ? PLATEAU : STUCK),
          },
        ];
      },
    },
    options,
  );
}
