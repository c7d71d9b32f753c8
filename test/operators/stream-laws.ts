/** What holds for every operator, rule and control, whatever it does: how it begins and ends with its neighbours. */
import { Observable, type OperatorFunction, Subject, type Subscription, take, takeUntil } from 'rxjs';
import { expect, it } from 'vitest';
import { collect } from './marbles.js';

interface Lawful {
  /** Made anew for each use, to be sure that nothing hides in the factory. */
  readonly make: () => OperatorFunction<unknown, unknown>;
  /** Something of which at least one value comes. */
  readonly input: () => readonly unknown[];
  /** Throws where something is still held: a snapshot, a timer. */
  readonly checkReleased?: () => void;
}

/** An operator as rxjs teaches to write one. */
const byHand = (source: Observable<unknown>): Observable<unknown> =>
  new Observable((subscriber) =>
    source.subscribe({
      next: (value) => subscriber.next(value),
      error: (cause) => subscriber.error(cause),
      complete: () => subscriber.complete(),
    }),
  );

export function obeysTheLawsOfStreams({ make, input, checkReleased = () => {} }: Lawful): void {
  const applied = (source: Observable<unknown>) => source.pipe(make());

  function run(values: readonly unknown[], apply = applied) {
    const source = new Subject<unknown>();
    const result = collect(apply(source));
    for (const value of values) source.next(value);
    source.complete();
    return result;
  }

  /** How many values go in before the first comes out. */
  function untilTheFirst(): number {
    const source = new Subject<unknown>();
    const { values } = collect(applied(source));
    const before = input().findIndex((value) => {
      source.next(value);
      return values.length > 0;
    });
    source.error(new Error('enough'));
    expect(before).toBeGreaterThanOrEqual(0);
    return before + 1;
  }

  /** Gives the input at once, and then again and again, for as long as it is wanted. */
  function endless() {
    const pulled = { count: 0 };
    const source$ = new Observable<unknown>((subscriber) => {
      for (let pass = 0; pass < 20; pass++) {
        for (const value of input()) {
          if (subscriber.closed) return;
          pulled.count++;
          subscriber.next(value);
        }
      }
    });
    return { source$, pulled };
  }

  it('take(1) ends a source that emits at once: nothing more is pulled, nothing is held', () => {
    const { source$, pulled } = endless();
    const { values, completed, error } = collect(applied(source$).pipe(take(1)));
    expect({ count: values.length, completed, error }).toEqual({ count: 1, completed: true, error: undefined });
    expect(pulled.count).toBe(untilTheFirst());
    checkReleased();
  });

  it('a subscriber that leaves within its next ends a source that emits at once', () => {
    const { source$, pulled } = endless();
    const leave$ = new Subject<void>();
    const seen: unknown[] = [];
    applied(source$)
      .pipe(takeUntil(leave$))
      .subscribe((value) => {
        seen.push(value);
        leave$.next();
      });
    expect(seen).toHaveLength(1);
    expect(pulled.count).toBe(untilTheFirst());
    checkReleased();
  });

  it('a subscriber that unsubscribes within its next hears nothing more of a source that goes on', () => {
    const source = new Subject<unknown>();
    const seen: unknown[] = [];
    const subscription: Subscription = applied(source).subscribe((value) => {
      seen.push(value);
      subscription.unsubscribe();
    });
    const values = input();
    const first = untilTheFirst();
    for (const value of values.slice(0, first)) source.next(value);
    expect(source.observed).toBe(false);
    checkReleased();
    for (const value of values.slice(first)) source.next(value);
    expect(seen).toHaveLength(1);
    checkReleased();
  });

  it('passes on the error of a source that emits and fails at once, after what came before it', () => {
    const whole = run(input());
    const failing = new Observable<unknown>((subscriber) => {
      for (const value of input()) subscriber.next(value);
      subscriber.error(new Error('source'));
    });
    const { values, error, completed } = collect(applied(failing));
    expect({ error, completed }).toEqual({ error: new Error('source'), completed: false });
    expect(whole.values.slice(0, values.length)).toEqual(values);
    checkReleased();
  });

  it('passes on the error of a source that fails in the middle of anything, and lets go of it', () => {
    const values = input();
    for (let cut = 0; cut <= values.length; cut++) {
      const source = new Subject<unknown>();
      const result = collect(applied(source));
      for (const value of values.slice(0, cut)) source.next(value);
      source.error(new Error('source'));
      expect(result.error).toEqual(new Error('source'));
      expect(source.observed).toBe(false);
      checkReleased();
    }
  });

  it('gives the same between operators that are made by new Observable()', () => {
    const alone = run(input());
    expect(alone.values.length).toBeGreaterThan(0);
    expect(run(input(), (source) => byHand(applied(byHand(source))))).toEqual(alone);
    checkReleased();
    const source = new Subject<unknown>();
    const seen: unknown[] = [];
    const subscription: Subscription = byHand(applied(byHand(source))).subscribe((value) => {
      seen.push(value);
      subscription.unsubscribe();
    });
    for (const value of input()) source.next(value);
    expect(seen).toHaveLength(1);
    expect(source.observed).toBe(false);
    checkReleased();
  });
}
