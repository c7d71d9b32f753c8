import { type Config, runEndOf, SEVERITIES, type Severity, type TrainingEvent } from '../../events/index.js';
import { shownSettings } from '../../page/index.js';

/** How a run is, as far as its records say. `ended` where they do not say how. */
export type CardState = 'running' | 'completed' | 'stopped' | 'failed' | 'ended';

/** A run at a glance. */
export interface RunCard {
  readonly state: CardState;
  /** Why it ended so, where that is known. */
  readonly reason?: string | undefined;
  readonly step: number;
  readonly maxSteps?: number | undefined;
  /** The latest that was told. */
  readonly loss: number;
  /** Alerts that have begun, and the worst of them. */
  readonly alerts: number;
  readonly worst?: Severity | undefined;
  /** By its own clock, milliseconds since 1970; 0 where nothing was heard of it. */
  readonly beganAt: number;
  /** Its hyperparameters, as many as a page shows. */
  readonly settings?: Config | undefined;
}

export const EMPTY_CARD: RunCard = { state: 'running', step: 0, loss: Number.NaN, alerts: 0, beganAt: 0 };

/** The card of a run that has this event, too. */
export function cardAfter(card: RunCard, event: TrainingEvent): RunCard {
  const moved = { ...card, beganAt: card.beganAt || event.time };
  switch (event.type) {
    case 'train-begin': {
      const { step, maxSteps = card.maxSteps } = event;
      const { settings } = shownSettings(event) ?? moved;
      return { ...moved, state: 'running', reason: undefined, step, maxSteps, settings };
    }
    case 'step-end': {
      const loss = event.lossShown === false ? card.loss : event.loss;
      return { ...moved, step: event.step, loss };
    }
    case 'alert':
      return event.phase === 'begin'
        ? { ...moved, alerts: card.alerts + 1, worst: worse(card.worst, event.severity) }
        : moved;
    case 'train-end': {
      const end = runEndOf(event);
      return { ...moved, state: end?.status ?? 'ended', reason: end?.reason };
    }
    default:
      return moved;
  }
}

function worse(a: Severity | undefined, b: Severity): Severity {
  return a !== undefined && SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b) ? a : b;
}
