import { filter, map, type OperatorFunction, pipe } from 'rxjs';
import {
  type AlertEvent,
  type ControlRequest,
  checkOneOf,
  checkOptions,
  SEVERITIES,
  type Severity,
} from '../events/index.js';
import { isAtLeast } from './severity.js';

/** Options of {@link stopOnAlert}: which alerts stop the run. */
export interface StopOnAlertOptions {
  /** The least severity that stops the run. Default: `error`. */
  readonly severity?: Severity;
  /** The rules whose alerts count. Default: all. */
  readonly rules?: readonly string[];
}

/**
 * Ask the loop to stop when an alert begins that is bad enough, and sure: one whose cause is only `possible` stops nothing.
 *
 * ```text
 * alerts    -w-e--e|     w warning   e error
 * stopOnAlert()
 *           ---s--s|
 * ```
 *
 * @throws TypeError for a severity that there is not.
 *
 * @example
 * ```ts
 * import { defaultRules, observe, stopOnAlert } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.steer(run.events$.pipe(defaultRules(), stopOnAlert({ severity: 'error' })));
 * ```
 */
export function stopOnAlert(options: StopOnAlertOptions = {}): OperatorFunction<AlertEvent, ControlRequest> {
  const { severity = 'error', rules } = checkOptions('stopOnAlert', options, { severity: true, rules: true });
  checkOneOf('severity', severity, SEVERITIES);
  return pipe(
    filter(
      (alert: AlertEvent) =>
        alert.phase === 'begin' && alert.confidence !== 'possible' && isAtLeast(alert, severity, rules),
    ),
    map(({ rule, message, parameter }) => ({
      command: { kind: 'stop' as const },
      source: 'stopOnAlert',
      message: `stop on ${rule}: ${message}`,
      ...(parameter !== undefined && { parameter }),
    })),
  );
}
