import { Subject } from 'rxjs';
import { observe, type Sink } from 'trainscope';
import { expect, it } from 'vitest';

it('a sink that stays open is flushed when its stream ends, closed by nobody, and may be attached again', async () => {
  const calls: string[] = [];
  const sink: Sink<unknown> = {
    name: 'panel',
    staysOpen: true,
    closed: new Promise(() => {}),
    next: (value) => void calls.push(`next ${value}`),
    error: () => void calls.push('error'),
    complete: () => void calls.push('complete'),
    flush: async () => void calls.push('flush'),
    close: async () => void calls.push('close'),
  };
  for (const name of ['first', 'second']) {
    const run = observe({ w: new Float32Array(1) });
    const values$ = new Subject<string>();
    run.attach(values$, sink);
    values$.next(name);
    values$.complete();
    expect(await run.close()).toEqual([]);
  }
  expect(calls).toEqual(['next first', 'flush', 'next second', 'flush']);
});
