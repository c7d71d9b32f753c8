import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { scrapeServer } from '../../../src/sinks/otel/setup/scrape/worker/scrape-server.js';

it('scrapers hold few connections, and half-sent requests not for long', async () => {
  const where = { host: '127.0.0.1', port: 0, path: '/metrics', allowedHosts: [] };
  const page = async () => ({ text: 'up 1\n', loopMs: 0, threadMs: 0 });
  const server = await scrapeServer(where, page, () => {});
  const { hostname, port } = new URL(server.url);
  const sockets = Array.from({ length: 200 }, () => connect(Number(port), hostname));
  let closed = 0;
  const ended = (socket: Socket) =>
    new Promise<void>((resolve) => {
      socket
        .on('error', () => {})
        .on('close', () => {
          closed++;
          resolve();
        });
      socket.resume();
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    });
  const begin = performance.now();
  const all = Promise.all(sockets.map(ended));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(closed).toBeGreaterThanOrEqual(200 - 64);
  await all;
  expect(performance.now() - begin).toBeLessThan(20_000);
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
  await server.close();
}, 30_000);
