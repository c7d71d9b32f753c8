import type { Observable, Subscription } from 'rxjs';
import type { AlertEvent, ControlRequest, SinkErrorEvent, TrainingEvent } from '../events/index.js';
import type { AttachOptions, Follower } from './attachments.js';

/** A run under observation, wherever it comes from: what every source gives. */
export interface Run {
  /** Its name, on every event. */
  readonly run: string;
  /** Everything the loop does, as it does it. Hot: a subscriber gets the events from now on. It ends with `close()`. */
  readonly events$: Observable<TrainingEvent>;
  /** Updates done. */
  readonly stepsDone: number;
  /** Whether control has asked the loop to stop: a loop by hand asks this. */
  readonly stopRequested: boolean;
  /**
   * Let a sink, an observer or a function follow a stream, under supervision: when it throws, when a promise of its own
   * is rejected, or when its stream fails, that becomes one `sink-error` event and it is detached; the training and the
   * others go on. It is safe however the stream was made. When the stream ends, or the subscription is unsubscribed, a
   * sink is flushed and closed; one that several streams feed, with the last of them.
   *
   * @throws TypeError for what is no stream or no follower; Error after `close()`.
   *
   * @example
   * ```ts
   * import { consoleSink, observe, parameterUpdates } from 'trainscope';
   *
   * const run = observe({ w: new Float32Array(10) });
   * run.attach(run.events$.pipe(parameterUpdates()), consoleSink());
   * ```
   */
  attach<T>(stream$: Observable<T>, follower: Follower<T>, options?: AttachOptions): Subscription;
  /**
   * The same stream, supervised: whoever subscribes to it, or to what is piped from it, cannot end the process. For
   * streams that rxjs makes of several, or that begin elsewhere; what is piped from `events$` is supervised already.
   *
   * @example
   * ```ts
   * import { merge } from 'rxjs';
   * import { observe, parameterUpdates, throughput } from 'trainscope';
   *
   * const run = observe({ w: new Float32Array(10) });
   * const both$ = run.supervise(merge(run.events$.pipe(parameterUpdates()), run.events$.pipe(throughput())));
   * both$.subscribe((measurement) => console.log(measurement.type, measurement.step));
   * ```
   */
  supervise<T>(stream$: Observable<T>): Observable<T>;
  /**
   * Make every alert of a rule an event of the run, so that all sinks see it. A rule that throws becomes a `sink-error`,
   * as anything attached does.
   */
  report(alerts$: Observable<AlertEvent>): Subscription;
  /**
   * Do what a control operator asks, and tell of each request by a `control` event: what came of it, or why it was not
   * done. A skipped step counts as a step, but has no `optimizer-step`.
   */
  steer(requests$: Observable<ControlRequest>): Subscription;
  /**
   * End the stream, and wait until all that is on its way has arrived and every sink is closed. Gives every `sink-error`
   * of the run.
   */
  close(): Promise<readonly SinkErrorEvent[]>;
}
