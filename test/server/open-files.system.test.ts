import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const JOB = fileURLToPath(new URL('open-files-job.ts', import.meta.url));

it('leaves a training its files, whatever half-sent requests come to its pages', async () => {
  const child = spawn('bash', ['-c', `ulimit -n 256; exec node --import tsx ${JOB} 4000`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  try {
    const urls: string[] = await next();
    const sockets = urls.flatMap((url) => {
      const { hostname, port } = new URL(url);
      return Array.from({ length: 400 }, () => {
        const socket = connect(Number(port), hostname).on('error', () => {});
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
        return socket;
      });
    });
    const { opened, failures } = await next();
    for (const socket of sockets) socket.destroy();
    expect(failures).toEqual([]);
    expect(opened).toBeGreaterThan(100);
  } finally {
    child.kill();
  }
}, 60_000);
