import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ParameterUpdates, reviveRecord } from 'trainscope';
import { describe, expect, it } from 'vitest';
import { type Queued, RecordQueue } from '../../../src/sinks/panel/record-queue.js';
import { SharedNames } from '../../../src/sinks/panel/shared-names.js';
import { updatesOf } from '../../helpers/updates.js';

const end = (step: number): Queued => ({ type: 'step-end', run: 'a', step });

describe('a queue of records', () => {
  it('that is never empty lets go of those that were taken', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const queue = new RecordQueue(1e9);
    const taken: WeakRef<Queued>[] = [];
    queue.push(end(0));
    for (let step = 1; step <= 10_000; step++) {
      queue.push(end(step));
      taken.push(new WeakRef(queue.shift()!));
    }
    // What a WeakRef gave is held until the task is over.
    await new Promise((resolve) => setTimeout(resolve));
    collect();
    expect(queue.length).toBe(1);
    expect(taken.filter((each) => each.deref() !== undefined).length).toBeLessThan(2_000);
    expect(queue.shift()).toEqual(end(10_000));
  });

  it('gives them in their order, whatever was let go of', () => {
    const queue = new RecordQueue(1e9);
    const got: number[] = [];
    for (let step = 0; step < 5_000; step++) {
      queue.push(end(step));
      if (step % 3 > 0) got.push(queue.shift()!.step);
    }
    while (queue.length > 0) got.push(queue.shift()!.step);
    expect(got).toEqual(Array.from({ length: 5_000 }, (_, step) => step));
  });
});

describe('updates that a worker posted', () => {
  const posted = (norms: Record<string, number>, run: string, step: number) =>
    reviveRecord(structuredClone({ ...updatesOf(norms, { run, step }) })) as ParameterUpdates & Queued;

  it('share the names of their run, and are else what they were', () => {
    const shared = new SharedNames(2);
    const [first, second] = [posted({ v: 1, w: 2 }, 'a', 1), posted({ v: 3, w: 4 }, 'a', 2)];
    expect(shared.share(first)).toBe(first);
    const one = shared.share(second) as typeof second;
    expect(one.names).toBe(first.names);
    expect({ ...one }).toEqual({ ...second });
    expect(one.of('w').updateNorm).toBe(4);
  });

  it('keep others, of other runs too', () => {
    const shared = new SharedNames(2);
    const records = [
      posted({ v: 1 }, 'a', 1),
      posted({ w: 1 }, 'b', 1),
      posted({ w: 1 }, 'a', 2),
      posted({ x: 1 }, 'too many', 1),
    ];
    for (const record of records) expect(shared.share(record)).toBe(record);
  });
});
