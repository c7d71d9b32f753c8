import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, checkPositiveInteger, shortNumber, withoutName } from '../events/index.js';
import type { ParameterUpdates, Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { pushBounded } from './window.js';

/**
 * Options of {@link changedBetweenUpdates}. Its judgement needs several updates as it is, so there is no `patience`.
 */
export interface ChangedBetweenUpdatesOptions extends Omit<RuleOptions, 'patience'> {
  /** How many such changes in the last twenty updates. Default: 3. */
  readonly times?: number;
}

const WINDOW = 20;
/** Of a model with more parameters, the first are looked at: whatever else trains it hardly spares them all. */
const MOST_PARAMETERS = 1000;
/** Float32 norms are known this well. */
const ROUNDING = 1e-4;

interface State {
  step?: number;
  /** The weights' norms before the last update, and the update's. */
  weights: number[];
  updates: number[];
  /** Of the last updates, whether something changed before it. */
  readonly changes: boolean[];
  worst?: string;
}

/**
 * Something else than the observed optimizer changes the weights: a parameter's norm at an update differs from that at the
 * update before by more than that update can have moved it (the triangle inequality). Three times within twenty updates,
 * since a checkpoint that is loaded is one.
 *
 * Peers have no such rule.
 *
 * @throws TypeError when `times` is not a positive integer.
 *
 * @example
 * ```ts
 * import { changedBetweenUpdates, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(parameterUpdates(), changedBetweenUpdates()));
 * ```
 */
export function changedBetweenUpdates<S extends Statistic>(
  given: ChangedBetweenUpdatesOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'>, AlertEvent> {
  const { times = 3, ...options } = checkOptions('changedBetweenUpdates', given, {
    times: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  checkPositiveInteger('times', times);
  return createRule<ParameterUpdates<'updateNorm' | 'weightNorm'>, State>(
    {
      name: 'changed-between-updates',
      severity: 'warning',
      recovery: WINDOW,
      statistics: ['updateNorm', 'weightNorm'],
      start: () => ({ weights: [], updates: [], changes: [] }),
      judge({ step, names, columns }, state) {
        const updateNorm = [...columns.updateNorm.subarray(0, MOST_PARAMETERS)];
        const weightNorm = [...columns.weightNorm.subarray(0, MOST_PARAMETERS)];
        const follows = state.step === step - 1 && state.weights.length === weightNorm.length;
        const at = follows
          ? weightNorm.findIndex((norm, i) => hasChanged(norm, state.weights[i]!, state.updates[i]!))
          : -1;
        Object.assign(state, { step, weights: weightNorm, updates: updateNorm });
        if (!follows) return undefined;
        pushBounded(state.changes, at >= 0, WINDOW);
        if (at >= 0) state.worst = names[at]!;
        const value = state.changes.filter(Boolean).length;
        if (value < times) return [];
        return [
          {
            value,
            threshold: times,
            what: `before ${shortNumber(value)} of the last ${state.changes.length} updates something else changed the weights, ${JSON.stringify(state.worst)} among them`,
            cause: 'changed-between-updates',
            confidence: 'certain',
            advice:
              'Look for a second optimizer on the same parameters, and for what assigns or resets them; where that is meant, as in clipping weights, leave this rule out.',
          },
        ];
      },
    },
    { ...options, patience: 1 },
  );
}

function hasChanged(norm: number, before: number, update: number): boolean {
  return Math.abs(norm - before) > update + ROUNDING * Math.max(norm, before);
}
