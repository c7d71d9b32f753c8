import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { ServerThread } from '../../../src/sinks/serving/server-thread.js';

/** A thread that "listens" at once and then does as the code says. */
const threadOf = (code: string) => `
  const { workerData } = require('node:worker_threads');
  const { port, started } = workerData;
  port.postMessage({ kind: 'listening', url: 'http://127.0.0.1:1' });
  Atomics.store(new Int32Array(started), 0, 1);
  Atomics.notify(new Int32Array(started), 0);
  ${code}
`;

function open(code: string) {
  let ended: Error | undefined;
  let tell = () => {};
  const end = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const thread = new ServerThread<{ host: string; port: number }, string, string>({
    what: 'the page',
    code: threadOf(code),
    options: { host: '127.0.0.1', port: 0 },
    onReply: () => {},
    onEnd: (cause) => {
      ended = cause;
      tell();
    },
  });
  return { thread, end, cause: () => ended };
}

it('tells once that its thread failed, and why, and takes what is posted after it', async () => {
  const { thread, end, cause } = open("port.on('message', () => { throw new Error('no memory') });");
  expect(thread.url).toBe('http://127.0.0.1:1');
  expect(thread.ended).toBeUndefined();
  thread.post('a');
  thread.linger();
  await end;
  expect(cause()?.message).toBe('the page failed');
  expect(cause()?.cause).toMatchObject({ message: 'no memory' });
  expect(thread.ended).toBe(cause());
  expect(() => thread.post('b')).not.toThrow();
});

it('tells that it has been stopped', async () => {
  const { thread, end } = open("port.on('message', () => {});");
  await Promise.all([thread.stop(), end]);
  expect(thread.ended?.message).toBe('the page has been stopped');
});

it('lets its thread end by itself, with what it was given before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-thread-'));
  const file = join(folder, 'said');
  const { thread } = open(`
    const { appendFileSync } = require('node:fs');
    const say = (what) => appendFileSync(${JSON.stringify(file)}, what + ' ');
    const timer = setInterval(() => {}, 1000);
    port.on('message', say).on('close', () => { clearInterval(timer); say('closed'); });
    process.on('exit', () => say('exit'));
  `);
  for (let i = 0; i < 100; i++) thread.post(String(i));
  await Promise.all([thread.stop(), thread.stop()]);
  expect(readFileSync(file, 'utf8').split(' ')).toEqual([...Array(100).keys(), 'closed', 'exit', ''].map(String));
  rmSync(folder, { recursive: true });
});

it('ends a thread that does not, after a time', async () => {
  const { thread } = open("port.on('message', () => {}); for (;;);");
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  await thread.stop();
  expect(terminate).toHaveBeenCalledTimes(1);
  terminate.mockRestore();
});

it('leaves the process to end when it will', async () => {
  const { spawn } = await import('node:child_process');
  const script = `
    import { ServerThread } from ${JSON.stringify(new URL('../../../src/sinks/serving/server-thread.ts', import.meta.url).href)};
    const code = ${JSON.stringify(threadOf("port.on('message', () => {}); setInterval(() => {}, 1000);"))};
    const options = { host: '127.0.0.1', port: 0 };
    new ServerThread({ what: 'the page', code, options, onReply() {}, onEnd() {} });
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  expect((await once(child, 'exit'))[0]).toBe(0);
});
