import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkNames,
  checkOneOf,
  checkOptions,
  checkPositiveInteger,
  type EventContext,
  type OptionNames,
  type RunMemory,
  SEVERITIES,
  type Severity,
} from '../events/index.js';
import { giveEach, perSubscription } from '../operators/index.js';
import { type AnyParameterUpdates, requireColumn, type Statistic } from '../parameters/index.js';
import type { Finding } from './finding.js';
import { asRule } from './rule-time.js';
import { type SavedTroubles, Troubles } from './troubles.js';

/** What every rule can be told. */
export interface RuleOptions {
  /** How many judgements in a row must find the trouble before its alert begins. Default: the rule's own. */
  readonly patience?: number;
  /** How many judgements in a row must not find it before its alert ends. Default: 10, or the rule's own. */
  readonly recovery?: number;
  /** How bad it is, whatever is found. Default: the rule's own. */
  readonly severity?: Severity;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

export const RULE_OPTIONS: OptionNames<RuleOptions> = { severity: true, patience: true, recovery: true, memory: true };

/** What a rule found, with the severity that the rule has by default where it says none. */
export type RuleFinding = Omit<Finding, 'severity'> & {
  /** How bad it is. Default: the severity of the rule. */
  readonly severity?: Severity;
};

/** What makes a rule: its judgement, and what it remembers from one to the next. */
export interface RuleDefinition<T, S> {
  /** Said in alerts: `loss-spike`. */
  readonly name: string;
  /** How bad it is where a finding does not say, and nor does the user. */
  readonly severity: Severity;
  /** Default: 1. */
  readonly patience?: number;
  /** Default: 10. */
  readonly recovery?: number;
  /** What it remembers at first: plain data, which `judge` changes in place. */
  readonly start: () => S;
  /** Of parameter updates, the statistics that it judges by: it fails where they were not measured, and says so. */
  readonly statistics?: readonly Statistic[];
  /** All that is wrong now; nothing is wrong where that is empty. `undefined`: this value says nothing either way. */
  readonly judge: (value: T, state: S) => readonly RuleFinding[] | undefined;
}

const RULE_PARTS: OptionNames<RuleDefinition<never, never>> = {
  name: true,
  severity: true,
  patience: true,
  recovery: true,
  start: true,
  statistics: true,
  judge: true,
};

/**
 * Make a rule of a judgement. Judgement after judgement becomes alerts that begin when a trouble has been found
 * `patience` times in a row, and end when it has not been found `recovery` times in a row; parameters in which it begins
 * at once share an alert. Findings of the whole run, and several in one parameter, are an alert each; name them by
 * `trouble` where one may go on without the other. Every rule here is made with it.
 *
 * @throws TypeError when patience or recovery is not a positive integer, or the severity is none.
 *
 * @example
 * ```ts
 * import { createRule, observe, type TrainingEvent } from 'trainscope';
 *
 * const slowStep = createRule<TrainingEvent, object>({
 *   name: 'slow-step',
 *   severity: 'info',
 *   start: () => ({}),
 *   judge(event) {
 *     if (event.type !== 'step-end') return undefined;
 *     if (event.durationMs <= 1000) return [];
 *     return [{ what: `a step took ${event.durationMs} ms, more than 1000`, advice: 'Look at what the machine does.' }];
 *   },
 * });
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(slowStep));
 * ```
 */
export function createRule<T extends EventContext, S extends object>(
  definition: RuleDefinition<T, S>,
  options: RuleOptions = {},
): OperatorFunction<T, AlertEvent> {
  checkOptions('createRule', options, RULE_OPTIONS);
  checkNames('the parts of a rule', definition, RULE_PARTS);
  const { name, judge, start, statistics = [] } = definition;
  const severity = checkOneOf('severity', options.severity ?? definition.severity, SEVERITIES);
  const hysteresis = {
    patience: checkPositiveInteger('patience', options.patience ?? definition.patience ?? 1),
    recovery: checkPositiveInteger('recovery', options.recovery ?? definition.recovery ?? 10),
  };
  return perSubscription(() => {
    let state = start();
    let troubles = new Troubles(name, hysteresis);
    options.memory?.enter(
      name,
      (): Remembered<S> => ({ state, ...troubles.save() }),
      (saved) => {
        state = (saved as Remembered<S>).state;
        troubles = new Troubles(name, hysteresis, saved as Remembered<S>);
      },
    );
    const alertsOf = (value: T): readonly AlertEvent[] => {
      for (const statistic of statistics)
        requireColumn(value as unknown as AnyParameterUpdates, statistic, `the rule ${name}`);
      const found = judge(value, state);
      if (!found) return [];
      return troubles.take(
        value,
        found.map((finding) => ({ ...finding, severity: options.severity ?? finding.severity ?? severity })),
      );
    };
    return giveEach((value) => asRule(name, () => alertsOf(value)));
  });
}

interface Remembered<S> extends SavedTroubles {
  readonly state: S;
}
