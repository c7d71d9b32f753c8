import { map, mergeMap, share } from 'rxjs';
import { createRule, defaultRules, parameterUpdates, type StepEndEvent, type TrainingEvent } from 'trainscope';
import { scriptedStep } from 'trainscope/testing';
import { describe, expect, it } from 'vitest';
import { Attachments } from '../../src/run/attachments.js';
import { EventBus, type PublishedEvent } from '../../src/run/event-bus.js';

/** A bus whose stopwatch moves by what followers say that they work, and by nothing else. */
function watchedRun() {
  let now = 0;
  const failures: unknown[] = [];
  const onFailure = (_: string, cause: unknown) => void failures.push(cause);
  const bus = new EventBus({ run: 'a', clock: () => 0, stopwatch: () => now, onFailure });
  const attachments = new Attachments(bus, onFailure);
  const attach: Attachments['attach'] = (...given) => attachments.attach(...given);
  const work = (ms: number) => {
    now += ms;
  };
  return { bus, work, failures, attach };
}

const sumOf = (times: Readonly<Record<string, number>>) => Object.values(times).reduce((sum, ms) => sum + ms, 0);

/** The events of one update. */
function stepEvents(): TrainingEvent[] {
  const { begin, pre, post, end } = scriptedStep(1, { w: [3, 4] }, { w: [3, 5] });
  return [begin, pre, post, end];
}

describe('the time that observing takes', () => {
  it('is told by sink, operator and subscriber; the parts add up to the whole', () => {
    const { bus, work, attach } = watchedRun();
    const slowly = <T>(ms: number) =>
      map((value: T) => {
        work(ms);
        return value;
      });
    const shared$ = bus.events$.pipe(slowly(1), share());
    attach(shared$, () => work(10), { name: 'csvSink(a.csv)' });
    attach(shared$.pipe(slowly(2)), () => work(100), { name: 'liveSink' });
    bus.events$.subscribe(() => work(1000));
    bus.publish({ type: 'step-begin' });
    const { observingMs, observingBy } = bus.takeObserving(5000);
    expect(observingBy).toEqual({ operators: 3, 'csvSink(a.csv)': 10, liveSink: 100, subscriber: 1000 });
    expect(observingMs).toBe(1113);
    expect(bus.takeObserving(5000)).toEqual({ observingMs: 0, observingBy: {} });
  });

  it('is not more than the step: the parts are made less alike', () => {
    const { bus, work, attach } = watchedRun();
    attach(bus.events$, () => work(30), { name: 'a' });
    attach(bus.events$, () => work(10), { name: 'b' });
    bus.publish({ type: 'step-begin' });
    const { observingMs, observingBy } = bus.takeObserving(20);
    expect(observingMs).toBe(20);
    expect(observingBy).toEqual({ operators: 0, a: 15, b: 5 });
  });

  it('knows an operator of measurements, a rule and a set of rules by name', () => {
    const { bus, work, attach } = watchedRun();
    const slowRule = createRule<TrainingEvent, object>({
      name: 'slow-rule',
      severity: 'info',
      start: () => ({}),
      judge: () => void work(10),
    });
    const when = () => {
      work(100);
      return true;
    };
    attach(bus.events$.pipe(parameterUpdates({ when })), () => work(1), { name: 'sink' });
    attach(bus.events$.pipe(slowRule), () => {});
    attach(bus.events$.pipe(defaultRules()), () => {});
    for (const event of stepEvents()) bus.publish(event as PublishedEvent);
    const { observingMs, observingBy } = bus.takeObserving(1e6);
    expect(observingBy).toEqual({ operators: 0, parameterUpdates: 100, sink: 1, 'slow-rule': 40, defaultRules: 0 });
    expect(sumOf(observingBy)).toBe(observingMs);
  });

  it('of what is published within a delivery, and of a follower that fails, goes to whom it is delivered', () => {
    const { bus, work, attach, failures } = watchedRun();
    attach(
      bus.events$.pipe(
        mergeMap((event) => {
          if (event.type === 'epoch-begin') bus.publish({ type: 'epoch-end' });
          return [event];
        }),
      ),
      () => work(1),
      { name: 'asks' },
    );
    attach(
      bus.events$,
      () => {
        work(10);
        throw new Error('no');
      },
      { name: 'fails' },
    );
    bus.publish({ type: 'epoch-begin' });
    expect(failures).toHaveLength(1);
    expect(bus.takeObserving(1e6).observingBy).toEqual({ operators: 0, asks: 2, fails: 10 });
  });

  it('of a sink that is given something between two deliveries counts too, as where a device gives it late', async () => {
    const { bus, work, attach } = watchedRun();
    attach(bus.events$.pipe(mergeMap(async (event) => event)), () => work(7), { name: 'late' });
    bus.publish({ type: 'step-begin' });
    await Promise.resolve();
    await Promise.resolve();
    expect(bus.takeObserving(1e6).observingBy).toEqual({ operators: 0, late: 7 });
  });

  it('is frozen in the event, as all that one follower could change for another', () => {
    const { bus } = watchedRun();
    const seen: StepEndEvent[] = [];
    bus.events$.subscribe((event) => event.type === 'step-end' && seen.push(event));
    const { end } = scriptedStep(1, { w: [1] }, { w: [2] }, { observingBy: { a: 1 } });
    bus.publish(end as PublishedEvent);
    expect(Object.isFrozen(seen[0]!.observingBy)).toBe(true);
    expect(end).not.toBe(seen[0]);
  });
});
