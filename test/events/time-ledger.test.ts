import { describe, expect, it } from 'vitest';
import { onBehalfOf, TimeLedger } from '../../src/events/index.js';

/** A clock that work moves, and that reading does not. */
function stopwatch() {
  let now = 0;
  let reads = 0;
  return {
    work: (ms: number) => {
      now += ms;
    },
    now: () => {
      reads++;
      return now;
    },
    reads: () => reads,
  };
}

describe('a ledger of time', () => {
  it('gives time to one at a time: what is done in another turn is not that one’s', () => {
    const { work, now } = stopwatch();
    const ledger = new TimeLedger(now);
    ledger.charge('operators', () => {
      work(1);
      onBehalfOf('parameterUpdates', () => {
        work(10);
        onBehalfOf('csvSink', () => work(100));
        work(20);
      });
      work(2);
      onBehalfOf('csvSink', () => work(200));
    });
    work(1000);
    expect(ledger.take()).toEqual({ operators: 3, parameterUpdates: 30, csvSink: 300 });
    expect(ledger.take()).toEqual({});
  });

  it('reads the clock twice for each turn, and not at all where no run delivers', () => {
    const { now, reads } = stopwatch();
    const ledger = new TimeLedger(now);
    ledger.charge('a', () => onBehalfOf('b', () => {}));
    expect(reads()).toBe(4);
    expect(onBehalfOf('b', () => 'its result')).toBe('its result');
    expect(reads()).toBe(4);
  });

  it('is right again after work that throws', () => {
    const { work, now } = stopwatch();
    const ledger = new TimeLedger(now);
    const fails = () => {
      work(5);
      throw new Error('no');
    };
    ledger.charge('operators', () => {
      expect(() => onBehalfOf('rule', fails)).toThrow('no');
      work(1);
    });
    onBehalfOf('rule', () => work(7));
    expect(ledger.take()).toEqual({ operators: 1, rule: 5 });
  });

  it('of a run that is driven from within the delivery of another is its own; a follower of both is the one’s', () => {
    const { work, now } = stopwatch();
    const [outer, inner] = [new TimeLedger(now), new TimeLedger(now)];
    outer.charge('observer', () => {
      inner.charge('operators', () => {
        work(1);
        onBehalfOf('sink', () => work(2), inner);
      });
      onBehalfOf('follower', () => work(4), inner);
    });
    onBehalfOf('late', () => work(8), inner);
    expect(outer.take()).toEqual({ observer: 3, follower: 4 });
    expect(inner.take()).toEqual({ operators: 1, sink: 2, late: 8 });
  });
});
