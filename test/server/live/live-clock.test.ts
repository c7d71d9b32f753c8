import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect, it, vi } from 'vitest';
import { Recorder } from '../../../src/page/history/recorder.js';
import { liveServer } from '../../../src/server/live/worker/live-server.js';
import { updatesOf } from '../../helpers/updates.js';

it('a clock that is set back does not stop the page', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
  const recorder = new Recorder();
  const options = { host: '127.0.0.1', port: 0, maxClients: 2, intervalMs: 50, patienceMs: 30_000 };
  const server = await liveServer(recorder.histories, {}, options);
  try {
    const [response] = (await once(get(`${server.url}events`), 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    const step = (n: number) => {
      recorder.take(updatesOf({ a: 1 }, { step: n }));
      server.changed();
    };
    step(1);
    await vi.waitFor(() => expect(text).toContain('"step":1'), 20_000);
    vi.setSystemTime(1_700_000_000_000 - 3_600_000);
    step(2);
    await vi.waitFor(() => expect(text).toContain('"step":2'), 20_000);
    response.destroy();
  } finally {
    vi.useRealTimers();
    await server.close();
  }
});
