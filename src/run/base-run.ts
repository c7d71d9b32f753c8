import type { Observable, Subscription } from 'rxjs';
import type { AlertEvent, ControlRequest, SinkErrorEvent, TrainingEvent } from '../events/index.js';
import type { AttachOptions, Follower } from './attachments.js';
import type { OpenRun } from './open-run.js';
import type { Run } from './run.js';

/** The public face of an open run, which sources extend by what is their own. */
export abstract class BaseRun implements Run {
  readonly #open: OpenRun;

  constructor(open: OpenRun) {
    this.#open = open;
  }

  abstract readonly stopRequested: boolean;
  abstract close(): Promise<readonly SinkErrorEvent[]>;

  get run(): string {
    return this.#open.bus.run;
  }

  get events$(): Observable<TrainingEvent> {
    return this.#open.bus.events$;
  }

  get stepsDone(): number {
    return this.#open.bus.step;
  }

  attach<T>(stream$: Observable<T>, follower: Follower<T>, options?: AttachOptions): Subscription {
    return this.#open.attach(stream$, follower, options);
  }

  supervise<T>(stream$: Observable<T>): Observable<T> {
    return this.#open.supervise(stream$);
  }

  report(alerts$: Observable<AlertEvent>): Subscription {
    return this.#open.report(alerts$);
  }

  steer(requests$: Observable<ControlRequest>): Subscription {
    return this.#open.steer(requests$);
  }
}
