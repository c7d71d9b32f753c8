import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { filter, firstValueFrom, fromEvent, map, merge, scan, take, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ParameterUpdates, parameterUpdates } from '../../../src/index.js';
import { type IngestServer, ingest } from '../../../src/node.js';
import { hostileBody, sentBy } from './mutations.js';
import { post, SendingProcess, stepRecords, TABLE } from './post.js';

let server: IngestServer;
const seen: ParameterUpdates[] = [];

async function begin(options: Parameters<typeof ingest>[0] = {}): Promise<void> {
  server = await ingest({ token: 'secret', onSinkError: () => {}, ...options });
  server.runs$.subscribe((run) => run.events$.pipe(parameterUpdates()).subscribe((updates) => seen.push(updates)));
}

/** Whether a run that is well is taken as ever. */
async function checkAlive(): Promise<void> {
  seen.length = 0;
  const well = new SendingProcess(server.url, { token: 'secret' });
  expect((await well.begin(TABLE, ...stepRecords(1))).status).toBe(200);
  expect(seen.at(-1)?.of('w').weightNorm).toBe(2);
}

beforeEach(() => begin());
afterEach(() => server.close());

const HEADERS = {
  Authorization: 'Bearer secret',
  'Content-Type': 'application/x-ndjson',
  'Trainscope-Session': 'a',
  'Trainscope-Batch': '0',
};

const LINES = 'application/x-ndjson';
const LINES_WITH_BYTES = 'application/vnd.trainscope.records';
const GZIP = { 'Content-Encoding': 'gzip' };

describe('ingest() is not harmed', () => {
  it.each([
    ['no token', 401, { Authorization: '' }],
    ['another token', 401, { Authorization: 'Bearer secreT' }],
    ['a Host of another name', 403, { Host: 'evil.example' }],
    ['a page of another origin', 403, { Origin: 'http://evil.example' }],
    ['another type', 415, { 'Content-Type': 'text/plain' }],
    ['another encoding', 415, { 'Content-Encoding': 'br' }],
    ['gzip that is none', 400, { 'Content-Encoding': 'gzip' }],
    ['no session', 400, { 'Trainscope-Session': '' }],
    ['a session in another form', 400, { 'Trainscope-Session': '../a' }],
    ['a batch that is no number', 400, { 'Trainscope-Batch': '-1' }],
    ['a session that is not known', 409, {}],
  ])('by %s', async (_what, status, headers) => {
    const answer = await post(server.url, '{"v":2,"type":"log"}\n', { ...HEADERS, ...headers });
    expect([answer.status, typeof answer.body.error]).toEqual([status, 'string']);
    await checkAlive();
  });

  it.each([
    ['a body that is too large', Buffer.alloc(3000, 32), {}],
    ['gzip that unpacks to more than it may', gzipSync(Buffer.alloc(10_000, 32)), { 'Content-Encoding': 'gzip' }],
  ])('by %s', async (_what, body, headers) => {
    await server.close();
    await begin({ maxBatchBytes: 1200 });
    const answer = await post(server.url, body, { ...HEADERS, ...headers }).catch(() => undefined);
    // Of a body that goes on, the connection may be closed before its answer is read.
    if (answer) expect(answer.status).toBe(413);
    await checkAlive();
  });

  const SESSION_LINES =
    '{"v":2,"type":"session","session":"a","run":"r","rank":0,"world":1}\n{"v":2,"type":"train-begin","run":"r","step":0,"epoch":0,"time":1}\n';

  // Each is some kilobytes of gzip, and took the server more than a minute.
  it.each([
    ['millions of lines that are none', 'x\n', LINES],
    ['millions of lines that are empty', '\n', LINES],
    ['millions of empty lines among bytes', '\n', LINES_WITH_BYTES],
  ])('by %s', async (_what, line, type) => {
    const body = Buffer.concat([Buffer.from(SESSION_LINES), Buffer.alloc(20_000_000, line)]);
    const answer = await post(server.url, gzipSync(body, { level: 1 }), { ...HEADERS, ...GZIP, 'Content-Type': type });
    expect([answer.status, answer.body.error]).toEqual([413, expect.stringContaining('20000 lines')]);
    await checkAlive();
  });

  it.each([
    ['nested deeper', '['.repeat(20_000_000)],
    ['nested deeper', '{"a":'.repeat(4_000_000)],
    ['lists and objects', `[{"a":"[[[[\\"[["}${',{}'.repeat(10_000_000)}`],
  ])('by one line that is %s', async (reason, nested) => {
    const body = `${SESSION_LINES}{"v":2,"type":"log","metrics":${nested}\n${JSON.stringify(stepRecords(1)[0])}\n`;
    const answer = await post(server.url, gzipSync(body, { level: 1 }), { ...HEADERS, ...GZIP });
    expect(answer.status).toBe(200);
    expect(answer.body.damaged?.first).toContain(`line 3: it`);
    expect(answer.body.damaged?.first).toContain(reason);
    await checkAlive();
  });

  it('by more batches than it takes, which it asks to come later', async () => {
    await server.close();
    await begin({ maxBatchesPerSecond: 5 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(server.url, '', HEADERS)));
    const later = answers.filter(({ status }) => status === 429);
    expect(later.length).toBeGreaterThan(20);
    expect(later[0]!.headers['retry-after']).toBe('1');
    await checkAlive();
  });

  it('by more processes than it takes', async () => {
    await server.close();
    await begin({ maxSessions: 3 });
    const answers: number[] = [];
    for (let i = 0; i < 5; i++)
      answers.push((await new SendingProcess(server.url, { token: 'secret' }).begin()).status);
    expect(answers).toEqual([200, 200, 200, 503, 503]);
  });

  /** A request that has begun, and whose body never ends. */
  function endless(begin: Buffer, headers: Readonly<Record<string, string>>) {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname).on('error', () => {});
    const all = { ...HEADERS, Host: hostname, Expect: '100-continue', 'Transfer-Encoding': 'chunked', ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST /v1/records HTTP/1.1\r\n${lines.join('')}\r\n${begin.length.toString(16)}\r\n`);
    socket.write(begin);
    const text$ = fromEvent(socket, 'data').pipe(scan((text, data) => text + String(data), ''));
    return {
      /** The server has its head. */
      begun: firstValueFrom(text$.pipe(filter((text) => text.includes('100 Continue')))),
      refused: firstValueFrom(
        text$.pipe(
          map((text) => /HTTP\/1\.1 (4\d\d)/.exec(text)?.[1]),
          filter(Boolean),
        ),
      ),
      end: () => socket.destroy(),
    };
  }

  it('by bodies that never end, and requests that are cut off', async () => {
    const slow = Array.from({ length: 50 }, () => endless(Buffer.from('{"v"'), {}));
    await Promise.all(slow.map(({ begun }) => begun));
    const cut = request(`${server.url}/v1/records`, {
      method: 'POST',
      headers: { ...HEADERS, 'Content-Length': '99' },
    });
    cut.on('error', () => {});
    cut.write('{');
    cut.destroy();
    await checkAlive();
    for (const { end } of slow) end();
  });

  it('by many that each unpack to as much as one may', async () => {
    await server.close();
    await begin({ maxBatchBytes: 1200 });
    const bombs = Array.from({ length: 10 }, () => endless(gzipSync(Buffer.alloc(2400, 32)), GZIP));
    // Four fill the room of all, and are waited for: the others are asked to come again.
    const statuses = await firstValueFrom(merge(...bombs.map(({ refused }) => refused)).pipe(take(6), toArray()));
    expect(statuses).toEqual(Array(6).fill('429'));
    for (const { end } of bombs) end();
  });

  it('by what looks like a batch, more or less', async () => {
    let session = 0;
    await fc.assert(
      fc.asyncProperty(hostileBody, fc.boolean(), async (body, binary) => {
        const type = binary ? 'application/vnd.trainscope.records' : 'application/x-ndjson';
        const id = `s${session++ % 7}`;
        const headers = { ...HEADERS, 'Content-Type': type, 'Trainscope-Session': id };
        expect((await post(server.url, sentBy(id, body), headers)).status).toBeOneOf([200, 400, 409, 429, 503]);
      }),
      { numRuns: 300 },
    );
    await checkAlive();
  });

  it('by a subscriber that throws', async () => {
    server.runs$.subscribe((run) => run.attach(run.events$, () => Promise.reject(new Error('mine'))));
    await checkAlive();
  });
});
