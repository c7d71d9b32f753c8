import { connect } from 'node:net';
import { afterEach, it } from 'vitest';
import { ALL, begin, closeAll } from './every-server.js';

afterEach(closeAll);

it.each(ALL)('%s ends requests whose head does not come', { timeout: 30_000 }, async (name) => {
  const { url } = await begin(name);
  const { hostname, port } = new URL(url);
  const ended = Array.from({ length: 20 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    return new Promise<void>((resolve) => socket.on('close', () => resolve()));
  });
  await Promise.all(ended);
});
