import { describe, expect, it } from 'vitest';
import { RecordBatch } from '../../../src/server/live/record-batch.js';

/** A batch whose clock and timers are the test's. */
function watchedBatch() {
  let now = 0;
  const posts: string[][] = [];
  const timers: (() => void)[] = [];
  const batch = new RecordBatch({
    post: (records) => posts.push(records.map((record) => `${record.type} ${(record as { step?: number }).step}`)),
    clock: () => now,
    later: (work) => timers.push(work),
  });
  return {
    batch,
    posts,
    timers,
    take: (type: string, step: number, cost = 1) => batch.take({ type, step } as { type: string }, cost),
    step(step: number, ms: number) {
      now += ms;
      this.take('step-end', step);
      this.take('parameter-updates', step);
    },
  };
}

describe('records on their way to another thread', () => {
  it('of a slow loop go by the step, none of which is held back for the next', () => {
    const run = watchedBatch();
    for (const step of [1, 2, 3, 4]) {
      run.step(step, 1000);
      expect(run.posts.flat().at(-1)).toBe(`parameter-updates ${step}`);
    }
    expect(run.posts.slice(2)).toEqual([2, 3, 4].map((step) => [`step-end ${step}`, `parameter-updates ${step}`]));
  });

  it('of a fast loop go ten times a second, in order, and all of them', () => {
    const run = watchedBatch();
    for (let step = 1; step <= 1000; step++) run.step(step, 1);
    run.batch.flush();
    expect(run.posts.length).toBeLessThanOrEqual(13);
    const all = Array.from({ length: 1000 }, (_, i) => [`step-end ${i + 1}`, `parameter-updates ${i + 1}`]);
    expect(run.posts.flat()).toEqual(all.flat());
  });

  it('that are held back go when the loop yields, with one timer at a time', () => {
    const run = watchedBatch();
    for (let step = 1; step <= 5; step++) run.step(step, 1);
    expect(run.posts.flat()).not.toContain('parameter-updates 5');
    expect(run.timers).toHaveLength(1);
    run.timers[0]!();
    expect(run.posts.flat().at(-1)).toBe('parameter-updates 5');
    const { length } = run.posts;
    run.timers[0]!();
    expect(run.posts).toHaveLength(length);
  });

  it.each(['alert', 'evaluate', 'train-end', 'activations'])('that are seldom go at once: %s', (type) => {
    const run = watchedBatch();
    for (let step = 1; step <= 5; step++) run.step(step, 1);
    run.take(type, 5);
    expect(run.posts.at(-1)!.slice(-2)).toEqual(['parameter-updates 5', `${type} 5`]);
  });

  it('that are large do not wait', () => {
    const run = watchedBatch();
    run.step(1, 0);
    run.step(2, 0);
    run.take('step-end', 3);
    run.take('parameter-updates', 3, 10_000);
    expect(run.posts.flat().at(-1)).toBe('parameter-updates 3');
  });
});
