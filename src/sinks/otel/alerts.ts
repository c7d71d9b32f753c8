import { type Observable, ReplaySubject } from 'rxjs';
import { type AlertEvent, type EventContext, plainLines, type Severity } from '../../events/index.js';

/** A trouble of the sink's own. */
export interface Trouble {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly value?: number;
  readonly threshold?: number;
}

/** Alerts about the telemetry itself: each trouble begins once, and may end. */
export interface Alerts {
  readonly alerts$: Observable<AlertEvent>;
  /** Where the run is: alerts say it. */
  at(context: EventContext): void;
  begin(trouble: Trouble): void;
  end(rule: string, message: string): void;
  close(): void;
}

/** How many alerts wait for somebody who subscribes late. */
const KEPT = 16;

/** Where nobody listens to `alerts$`, an alert is said on standard error: nothing is left out silently. */
export function alerts(run = 'run'): Alerts {
  const subject = new ReplaySubject<AlertEvent>(KEPT);
  const begun = new Map<string, AlertEvent>();
  let position: EventContext = { run, step: 0, epoch: 0, time: 0 };
  const emit = (alert: AlertEvent) => {
    if (!subject.observed) console.error(plainLines(`trainscope: ${alert.message}`));
    subject.next(alert);
  };
  const here = () => ({ run: position.run, step: position.step, epoch: position.epoch, time: Date.now() });
  return {
    alerts$: subject.asObservable(),
    at(context) {
      position = context;
    },
    begin(trouble) {
      if (begun.has(trouble.rule)) return;
      const alert: AlertEvent = { type: 'alert', ...here(), ...trouble, phase: 'begin', firstStep: position.step };
      begun.set(trouble.rule, alert);
      emit(alert);
    },
    end(rule, message) {
      const alert = begun.get(rule);
      if (!alert || !begun.delete(rule)) return;
      emit({ ...alert, ...here(), message, phase: 'end' });
    },
    close: () => subject.complete(),
  };
}
