import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LazyAlarm } from '../../src/rules/lazy-alarm.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe('an alarm that is put off', () => {
  it('rings as long after it was put off last as was said, with one timeout at a time', () => {
    const alarm = new LazyAlarm();
    const rung: string[] = [];
    alarm.set(() => rung.push('first'), 1000);
    vi.advanceTimersByTime(900);
    alarm.set(() => rung.push('second'), 1000);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(999);
    expect(rung).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(rung).toEqual(['second']);
    expect(vi.getTimerCount()).toBe(0);
    alarm.set(() => rung.push('third'), 10);
    vi.advanceTimersByTime(10);
    expect(rung).toEqual(['second', 'third']);
  });

  it('does not ring when it was cancelled; what an earlier one cancels is its own', () => {
    const alarm = new LazyAlarm();
    const rung: string[] = [];
    const cancelFirst = alarm.set(() => rung.push('first'), 1000);
    const cancelSecond = alarm.set(() => rung.push('second'), 1000);
    cancelFirst();
    vi.advanceTimersByTime(1000);
    expect(rung).toEqual(['second']);
    cancelSecond();
    alarm.set(() => rung.push('third'), 1000)();
    vi.advanceTimersByTime(5000);
    expect(rung).toEqual(['second']);
  });

  it('leaves no timeout behind when it is stopped, and sets none that is longer than one can be', () => {
    const alarm = new LazyAlarm();
    alarm.set(() => {}, 1000);
    alarm.stop();
    expect(vi.getTimerCount()).toBe(0);
    alarm.set(() => {}, 1e12);
    expect(vi.getTimerCount()).toBe(0);
  });
});
