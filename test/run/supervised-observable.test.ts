import { map, merge, Subject, share, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { SupervisedObservable } from '../../src/run/supervised-observable.js';

function supervised() {
  const subject = new Subject<number>();
  const failures: unknown[] = [];
  const source$ = new SupervisedObservable<number>(
    (cause) => failures.push(cause),
    (subscriber) => subject.subscribe(subscriber),
  );
  return { subject, failures, source$ };
}

describe('SupervisedObservable', () => {
  it('reports a subscriber that throws once, unsubscribes it, and goes on with the others', () => {
    const { subject, failures, source$ } = supervised();
    const seen: number[] = [];
    let calls = 0;
    const subscription = source$.subscribe(() => {
      calls++;
      throw new Error('boom');
    });
    source$.subscribe((value) => seen.push(value));
    subject.next(1);
    subject.next(2);
    expect(failures).toEqual([new Error('boom')]);
    expect(calls).toBe(1);
    expect(subscription.closed).toBe(true);
    expect(seen).toEqual([1, 2]);
  });

  it('supervises what is piped from it, operators that throw included', () => {
    const { subject, failures, source$ } = supervised();
    source$
      .pipe(
        share(),
        map((value) => {
          if (value === 2) throw new Error('in map');
          return value;
        }),
      )
      .subscribe();
    subject.next(1);
    subject.next(2);
    expect(failures).toEqual([new Error('in map')]);
  });

  it('leaves an error to the subscriber that handles it', () => {
    const { subject, failures, source$ } = supervised();
    const handled: unknown[] = [];
    source$.subscribe({ error: (cause) => handled.push(cause) });
    subject.error(new Error('source'));
    expect(handled).toEqual([new Error('source')]);
    expect(failures).toEqual([]);
  });

  it('reports an error handler and a complete handler that throw', () => {
    const first = supervised();
    first.source$.subscribe({
      error: () => {
        throw new Error('handler');
      },
    });
    first.subject.error(new Error('source'));
    const second = supervised();
    second.source$.subscribe({
      complete: () => {
        throw new Error('complete');
      },
    });
    second.subject.complete();
    expect([...first.failures, ...second.failures]).toEqual([new Error('handler'), new Error('complete')]);
  });

  it('unsubscribes one that throws while subscribing', () => {
    const failures: unknown[] = [];
    let tornDown = false;
    const source$ = new SupervisedObservable<number>(
      (cause) => failures.push(cause),
      (subscriber) => {
        subscriber.next(1);
        return () => {
          tornDown = true;
        };
      },
    );
    const subscription = source$.subscribe(() => {
      throw new Error('at once');
    });
    expect(failures).toHaveLength(1);
    expect(subscription.closed && tornDown).toBe(true);
  });

  it('composes with rxjs: take, merge, complete', () => {
    const { subject, source$ } = supervised();
    const seen: string[] = [];
    merge(source$.pipe(take(1)), source$.pipe(map((value) => value * 10))).subscribe({
      next: (value) => seen.push(String(value)),
      complete: () => seen.push('complete'),
    });
    subject.next(1);
    subject.next(2);
    subject.complete();
    expect(seen).toEqual(['1', '10', '20', 'complete']);
  });
});
