import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { connect, from, merge } from 'rxjs';
import { type ParameterUpdates, parameterUpdates, portSink, reviveRecord } from 'trainscope';
import { recordStream, scriptedRun } from 'trainscope/testing';
import { afterEach, describe, expect, it } from 'vitest';

describe('portSink', () => {
  const channel = new MessageChannel();
  afterEach(() => {
    channel.port1.close();
    channel.port2.close();
  });

  it('posts a whole run, of which reviveRecord makes what it was, without live parameters', async () => {
    const records$ = from(scriptedRun(3)).pipe(connect((events$) => merge(events$, events$.pipe(parameterUpdates()))));
    const { values } = recordStream(records$);
    const odd = { type: 'alert', run: 'test', step: 3, cause: { why: () => 'a function', message: 'broken' } };
    const sink = portSink(channel.port1);
    const received: unknown[] = [];
    channel.port2.on('message', (data) => received.push(reviveRecord(data)));
    for (const record of [...values, odd]) sink.next(record as { readonly type: string });
    while (received.length < values.length + 1) await once(channel.port2, 'message');
    await sink.close();

    expect(received.at(-1)).toEqual({ ...odd, cause: { message: 'broken', why: undefined } });
    const withoutHandles = values.map(({ ...record }) => {
      if (record.type === 'parameter-updates') return record;
      const { parameters: _, ...rest } = record as { readonly parameters?: unknown };
      return rest;
    });
    expect(received.slice(0, -1).map((record) => ({ ...(record as object) }))).toEqual(withoutHandles);
    const updates = received.find((record) => (record as { type: string }).type === 'parameter-updates');
    expect((updates as ParameterUpdates).of('w').updateNorm).toBeCloseTo(Math.SQRT2, 12);
  });

  it('refuses what is no port, and tells of one that fails', async () => {
    expect(() => portSink({} as never)).toThrow('port.postMessage: expected a function of a message');
    const sink = portSink({
      postMessage() {
        throw new Error('gone');
      },
    });
    sink.next({ type: 'log' });
    await expect(sink.closed).rejects.toThrow('gone');
  });
});
