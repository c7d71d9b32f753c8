import { tap } from 'rxjs';
import { checkOptions, checkPositiveInteger, type RunRecord } from '../events/index.js';
import { type HistogramSubject, type ParameterUpdates, STATISTICS, type Statistic } from '../parameters/index.js';
import { parameterUpdates } from './parameter-updates.js';
import { perSubscription } from './per-subscription.js';
import type { RunOperator } from './recorded-measurements.js';

/** Options of {@link updatesAfterAlert}: what it measures, for how long, and after which alerts. */
export interface UpdatesAfterAlertOptions<S extends Statistic = Statistic> {
  /** How many steps to measure after an alert has begun. Default: 20. */
  readonly steps?: number;
  /** What to measure. Default: every statistic. */
  readonly statistics?: readonly S[];
  /** Magnitude histograms to add. Default: of updates, weights and gradients. */
  readonly histograms?: readonly HistogramSubject[];
  /** The rules whose alerts count. Default: all. */
  readonly rules?: readonly string[];
}

/**
 * Measure in full, with histograms, but only in the steps that follow an alert: cheap norms all the time, and detail when
 * there is something to see.
 *
 * ```text
 * events    -s-s-A-s-s-s-s-|     s a step   A an alert begins
 * updatesAfterAlert({ steps: 2 })
 *           -------u-u-----|
 * ```
 *
 * Alerts are events once a rule is reported with `training.report()`. Another alert meanwhile prolongs it. A step that is
 * not measured costs nothing.
 *
 * @throws TypeError when `steps` is not a positive integer, or for a statistic or histogram that there is not.
 *
 * @example
 * ```ts
 * import { defaultRules, observe, updatesAfterAlert } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(defaultRules()));
 * run.attach(run.events$.pipe(updatesAfterAlert({ steps: 50 })), ({ step, histograms }) =>
 *   console.log(step, histograms.gradient),
 * );
 * ```
 */
export function updatesAfterAlert<S extends Statistic = Statistic>(
  options: UpdatesAfterAlertOptions<S> = {},
): RunOperator<ParameterUpdates<S>> {
  checkOptions('updatesAfterAlert', options, { steps: true, statistics: true, histograms: true, rules: true });
  const { steps = 20, statistics = STATISTICS as readonly Statistic[] as readonly S[], rules } = options;
  const { histograms = ['update', 'weight', 'gradient'] } = options;
  checkPositiveInteger('steps', steps);
  const counts = (rule: string) => rules === undefined || rules.includes(rule);
  parameterUpdates({ statistics, histograms }); // throws here rather than in the stream
  return perSubscription<RunRecord, ParameterUpdates<S>>(() => {
    let until = 0;
    return (records$) =>
      records$.pipe(
        tap((event: RunRecord) => {
          if (event.type === 'alert' && event.phase === 'begin' && counts(event.rule)) until = event.step + steps;
        }),
        parameterUpdates({ statistics, histograms, when: (step) => step <= until }),
      );
  });
}
