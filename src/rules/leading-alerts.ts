import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, type RunMemory, remembered } from '../events/index.js';
import { giveEach, perSubscription } from '../operators/index.js';

const STANDSTILL = ['loss-not-decreasing', 'overtraining', 'constant-prediction'];
const LEAPS = ['loss-spike', 'gradient-norm-jump'];
const NO_GRADIENT = ['unchanged-parameter', 'vanishing-gradients', 'tiny-updates', 'all-zero'];
const RUINED = [
  ...STANDSTILL,
  ...LEAPS,
  ...NO_GRADIENT,
  'constant-loss',
  'dead-relu',
  'overfit',
  'poor-initialization',
  'saturated-activation',
  'stale-batch-norm',
];

/** What of each rule is the cause, by what other rules see of it: the same trouble, told once. */
export const EXPLAINS: Readonly<Record<string, readonly string[]>> = {
  'non-finite': [...RUINED, 'non-finite-loss', 'exploding-updates', 'strong-decay', 'changed-between-updates'],
  'non-finite-loss': [...RUINED, 'non-finite', 'exploding-updates'],
  'exploding-updates': RUINED,
  'unbounded-loss': [...RUINED, 'exploding-updates'],
  'zero-learning-rate': [...STANDSTILL, ...NO_GRADIENT, 'constant-loss', 'overfit'],
  'strong-decay': [...STANDSTILL, ...NO_GRADIENT, 'dead-relu'],
  'saturated-activation': [...STANDSTILL, ...NO_GRADIENT, ...LEAPS, 'poor-initialization', 'overfit'],
  'dead-relu': [...STANDSTILL, ...NO_GRADIENT, 'poor-initialization'],
  'poor-initialization': [...STANDSTILL, ...NO_GRADIENT],
  'all-zero': [...STANDSTILL, ...NO_GRADIENT, 'dead-relu', 'poor-initialization'],
  'vanishing-gradients': [...STANDSTILL, ...NO_GRADIENT],
  'identical-units': [...STANDSTILL, ...NO_GRADIENT],
  'tiny-updates': STANDSTILL,
  'changed-between-updates': [...STANDSTILL, ...LEAPS, 'exploding-updates', 'overfit'],
  'same-order': [...LEAPS, 'exploding-updates', 'overfit'],
  'stale-batch-norm': ['overfit', 'overtraining'],
  'constant-loss': STANDSTILL,
  'constant-prediction': ['loss-not-decreasing', 'overtraining'],
  overfit: ['overtraining', 'loss-not-decreasing'],
  'loss-spike': ['gradient-norm-jump'],
  'loss-not-decreasing': ['overtraining'],
};

function explains(leader: AlertEvent, other: AlertEvent): boolean {
  return EXPLAINS[leader.rule]?.includes(other.rule) ?? false;
}

/**
 * One trouble, one alert. An alert that one which goes on explains is not told; one that goes on ends where its
 * explanation begins, which names its rule as evidence. When the explanation is over, what is left of the others is told.
 *
 * ```text
 * alerts    -p---d-----D--P-|     p loss-not-decreasing   d dead-relu   capitals: its end
 * leadingAlerts()
 *           -p---(Pd)--D----|
 * ```
 */
export function leadingAlerts(memory?: RunMemory): OperatorFunction<AlertEvent, AlertEvent> {
  return perSubscription(() => {
    const state = remembered(memory, 'leading-alerts', {
      /** Alerts that were told, and go on. */
      told: [] as AlertEvent[],
      /** Those that go on, and are explained by others. */
      silent: [] as AlertEvent[],
    });
    const begin = (alert: AlertEvent): AlertEvent[] => {
      if (state.told.some((leader) => explains(leader, alert))) {
        state.silent.push(alert);
        return [];
      }
      const explained = state.told.filter((other) => explains(alert, other));
      state.told = [...state.told.filter((other) => !explained.includes(other)), alert];
      state.silent.push(...explained);
      const evidence = [...new Set(explained.map(({ rule }) => rule))];
      return [...explained.map((other) => handedOver(other, alert)), withEvidence(alert, evidence)];
    };
    const end = (alert: AlertEvent): AlertEvent[] => {
      const isSame = (other: AlertEvent) => isOf(other, alert);
      const wasSilent = state.silent.some(isSame);
      state.silent = state.silent.filter((other) => !isSame(other));
      if (wasSilent) return [];
      state.told = state.told.filter((other) => !isSame(other));
      const left = state.silent.filter((other) => !state.told.some((leader) => explains(leader, other)));
      state.silent = state.silent.filter((other) => !left.includes(other));
      const { step, epoch, time } = alert;
      return [alert, ...leadersFirst(left).flatMap((other) => begin({ ...other, step, epoch, time, lastStep: step }))];
    };
    return giveEach((alert) => (alert.phase === 'begin' ? begin(alert) : end(alert)));
  });
}

function leadersFirst(alerts: readonly AlertEvent[]): AlertEvent[] {
  const isLed = (alert: AlertEvent) => alerts.some((leader) => explains(leader, alert));
  return [...alerts.filter((alert) => !isLed(alert)), ...alerts.filter(isLed)];
}

function isOf({ rule, parameter, firstStep }: AlertEvent, alert: AlertEvent): boolean {
  return rule === alert.rule && parameter === alert.parameter && firstStep === alert.firstStep;
}

function withEvidence(alert: AlertEvent, evidence: readonly string[]): AlertEvent {
  if (evidence.length === 0) return alert;
  return { ...alert, evidence, message: `${alert.message} It explains ${evidence.join(', ')}.` };
}

function handedOver(other: AlertEvent, { rule, run, step, epoch, time }: AlertEvent): AlertEvent {
  const { type, parameter, parameters, severity, firstStep } = other;
  const where = parameter === undefined ? '' : `${parameter}: `;
  return {
    type,
    run,
    step,
    epoch,
    time,
    rule: other.rule,
    phase: 'end',
    severity,
    message: `${where}${other.rule} is explained by ${rule}`,
    ...(parameter !== undefined && { parameter }),
    ...(parameters && { parameters }),
    firstStep,
    lastStep: step,
  };
}
