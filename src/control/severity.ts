import { type AlertEvent, SEVERITIES, type Severity } from '../events/index.js';

/** Whether an alert is as bad as that, and of one of the rules, where they are named. */
export function isAtLeast(alert: AlertEvent, severity: Severity, rules: readonly string[] | undefined): boolean {
  return (
    SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf(severity) &&
    (rules === undefined || rules.includes(alert.rule))
  );
}
