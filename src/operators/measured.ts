import type { OperatorFunction } from 'rxjs';
import { onBehalfOf } from '../events/index.js';
import type { MaybePromise } from '../parameters/index.js';
import { InOrder } from './in-order.js';
import { LinkedSubscriber } from './linked-subscriber.js';
import { operate } from './operate.js';

type Given<R> = readonly MaybePromise<R>[];

/** What an operator measures with, for one subscription. */
export interface Recorder<T, R> {
  /** What is there to give once it has this record, in order. */
  take(record: T): Given<R>;
  /** The source is complete: what is left to give. */
  takeRest?(): Given<R>;
  /** The subscription is over, however it ended. */
  dispose?(): void;
}

/**
 * An operator that measures: what the recorder gives, in the order in which it gave it, also where that is on its way from
 * a device. The time it takes is `name`'s.
 */
export function measured<T, R>(name: string, record: () => Recorder<T, R>): OperatorFunction<T, R> {
  return operate((source, subscriber) => {
    const recorder = record();
    subscriber.add(() => recorder.dispose?.());
    const results = new InOrder(subscriber);
    const give = (find: () => Given<R>) => results.next(onBehalfOf(name, find));
    const take = (value: T) => give(() => recorder.take(value));
    const end = () => {
      give(() => recorder.takeRest?.() ?? []);
      results.complete();
    };
    return source.subscribe(new LinkedSubscriber(subscriber, take, end));
  });
}
