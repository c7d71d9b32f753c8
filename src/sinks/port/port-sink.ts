import { checkFunction, type Sink } from '../../events/index.js';
import { plainData } from '../../events/serial/index.js';
import { createSink } from '../create-sink.js';
import { requireRecord } from '../require-record.js';

/** Where messages go: a worker's own scope, a `Worker`, a `MessagePort`, a `BroadcastChannel`. */
export interface MessageTarget {
  /** Send a copy of the message, as the structured clone of the platform makes it. */
  postMessage(message: unknown): void;
}

/**
 * Post every record to another thread or page, which makes of it what it was by {@link reviveRecord}: a training in a worker,
 * and its sinks beside it. The live parameters that `pre-optimizer-step` and `optimizer-step` carry stay here; what cannot be
 * cloned, such as a function in what was thrown, becomes a text or is left out.
 *
 * @throws TypeError for what has no `postMessage`.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates, portSink } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), portSink(self));
 * ```
 */
export function portSink(port: MessageTarget): Sink<{ readonly type: string }> {
  checkFunction('port.postMessage', (port as Partial<MessageTarget> | undefined)?.postMessage, 'function of a message');
  return createSink<{ readonly type: string }>('portSink()', {
    take(record) {
      requireRecord(record, 'portSink()');
      const message = withoutHandle(record);
      try {
        port.postMessage(message);
      } catch (cause) {
        if (!(cause instanceof DOMException) || cause.name !== 'DataCloneError') throw cause;
        port.postMessage(plainData(message));
      }
    },
  });
}

/** Live parameters are of this thread, and of this moment. */
function withoutHandle(record: { readonly type: string }): { readonly type: string } {
  const { parameters, ...data } = record as { readonly type: string; readonly parameters?: object };
  return typeof parameters === 'object' && parameters !== null && 'snapshot' in parameters ? data : record;
}
