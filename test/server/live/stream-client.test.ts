import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { StreamClient } from '../../../src/server/live/worker/stream-client.js';

it('what a page is sent leaves at once, and not when all is packed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  response.writeHead(200);
  const client = new StreamClient(response, { version: 0, tables: [] }, undefined);
  const waiting = ['data: first\n\n', 'data: second\n\n'].map((text) => {
    client.send(text, 0);
    return response.socket!.writableLength;
  });
  expect(waiting).toEqual([0, 0]);
  expect(client.ready).toBe(true);
  response.end();
  const [answer] = await once(request, 'response');
  const texts = await answer.setEncoding('utf8').toArray();
  expect(texts.join('')).toBe('data: first\n\ndata: second\n\n');
  server.close();
});
