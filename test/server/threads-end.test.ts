/** The thread of a server ends by itself when the server is closed, whoever is connected: none is terminated. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { jsonlSink, liveSink, serveRuns } from 'trainscope/node';
import { startMetrics } from 'trainscope/otel';
import { afterAll, expect, it, vi } from 'vitest';
import { updatesOf } from '../helpers/updates.js';
import { stepEnd } from './live/step-end.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Served {
  /** What is asked for, and not always answered to its end. */
  readonly asked: string;
  close(): unknown;
}

const SERVERS: Readonly<Record<string, () => Promise<Served>>> = {
  async liveSink() {
    const sink = liveSink();
    for (let step = 1; step <= 100; step++) sink.next(stepEnd(step));
    return { asked: `${sink.url}events`, close: () => sink.stop() };
  },
  async startMetrics() {
    const metrics = await startMetrics({ exporter: 'prometheus', port: 0 });
    metrics.sink.next(updatesOf({ a: 1 }, { step: 1 }));
    return { asked: metrics.url!, close: () => metrics.finish() };
  },
  async serveRuns() {
    const sink = jsonlSink(join(folder, 'run.jsonl'));
    for (let step = 1; step <= 100; step++) sink.next(stepEnd(step) as never);
    await sink.close();
    const server = await serveRuns(folder, { port: 0 });
    return { asked: `${server.url}/run/run/events`, close: () => server.close() };
  },
};

it.each(Object.keys(SERVERS))('of %s', async (name) => {
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  const { asked, close } = await SERVERS[name]!();
  // The list of runs is read in the background.
  const answer = await vi.waitFor(async () => {
    const answer = await fetch(asked);
    expect(answer.status).toBe(200);
    return answer;
  }, 10_000);
  await answer.body!.getReader().read();
  await close();
  expect(terminate).not.toHaveBeenCalled();
  terminate.mockRestore();
});

it('of one that cannot listen', async () => {
  const taken = liveSink();
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  expect(() => liveSink({ port: Number(new URL(taken.url).port) })).toThrow('EADDRINUSE');
  // One that does not end by itself is terminated after two seconds.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(terminate).not.toHaveBeenCalled();
  terminate.mockRestore();
  await taken.stop();
});
