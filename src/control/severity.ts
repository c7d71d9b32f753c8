import type { AlertEvent, Severity } from '../events/events.js';
import { SEVERITIES } from '../events/severities.js';

/** Whether an alert is as bad as that, and of one of the rules, where they are named. */
export function isAtLeast(alert: AlertEvent, severity: Severity, rules: readonly string[] | undefined): boolean {
  return (
    SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf(severity) &&
    (rules === undefined || rules.includes(alert.rule))
  );
}
