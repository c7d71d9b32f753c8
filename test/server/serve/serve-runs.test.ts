import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { decodeJson } from '../../../src/events/serial/index.js';
import type { RunRecord } from '../../../src/index.js';
import { type RunsServer, readRun, type ServeRunsOptions, serveRuns } from '../../../src/node.js';
import { Histories } from '../../../src/page/index.js';
import { rankFile, writeRanks } from '../../helpers/rank-files.js';
import { SendingProcess, stepRecords, TABLE } from '../ingest/post.js';

const root = mkdtempSync(join(tmpdir(), 'serve-runs-'));
let folders = 0;
let folder: string;
let server: RunsServer | undefined;

beforeEach(() => {
  folder = join(root, String(folders++));
});
afterEach(() => stop());
afterAll(() => rmSync(root, { recursive: true }));

async function start(options: ServeRunsOptions = {}): Promise<RunsServer> {
  server = await serveRuns(folder, { port: 0, ...options });
  return server;
}

async function stop(): Promise<void> {
  await server?.close();
  server = undefined;
}

interface Listed {
  readonly name: string;
  readonly [field: string]: unknown;
}

async function listed(headers: Record<string, string> = {}): Promise<readonly Listed[]> {
  const answer = await fetch(`${server!.url}/runs.json`, { headers });
  expect(answer.status).toBe(200);
  return (decodeJson(await answer.text()) as { runs: Listed[] }).runs;
}

/** What is read in the background is there in the end. */
const listedInTheEnd = (right: (runs: readonly Listed[]) => void) =>
  vi.waitFor(async () => right(await listed()), { timeout: 10_000, interval: 20 });

async function recordsOf(name: string): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const record of readRun(join(folder, `${name}.jsonl`))) records.push(record);
  return records;
}

const TRAIN_BEGIN = '{"v":2,"type":"train-begin","run":"r","step":0,"epoch":0,"time":1700000000000}\n';
const end = (step: number, status = 'completed') => {
  return { type: 'train-end', step, epoch: 1, time: 1_700_000_100_000, status };
};
const stepsOf = (records: readonly RunRecord[], type: string) =>
  records.filter((record) => record.type === type).map(({ step }) => step);

it('lists and records a run, with every statistic that was sent', async () => {
  await start();
  const other = new SendingProcess(server!.url, { run: 'bert' });
  await other.begin(TABLE, ...stepRecords(1), ...stepRecords(2));
  expect(await listed()).toMatchObject([
    { name: 'bert', state: 'running', step: 2, maxSteps: 100, loss: 0.5, alerts: 0, beganAt: 1_700_000_000_000 },
  ]);
  await other.send(end(2, 'stopped'));
  expect(await listed()).toMatchObject([{ name: 'bert', state: 'stopped' }]);
  await stop();
  const records = await recordsOf('bert');
  const updates = records.filter((record) => record.type === 'parameter-updates');
  expect(updates.map(({ step, loss }) => [step, loss])).toEqual([
    [1, 1],
    [2, 0.5],
  ]);
  expect(updates[1]!.columns).toMatchObject({ gradientNorm: new Float64Array([4, 3]) });
  expect(records.at(-1)).toMatchObject({ type: 'train-end', status: 'stopped' });
});

it('a server that is started anew goes on with the run in its file', async () => {
  await start();
  const other = new SendingProcess(server!.url, { run: 'bert' });
  await other.begin(TABLE, ...stepRecords(1), ...stepRecords(2));
  await stop();
  const again = await start();
  expect(await listed()).toMatchObject([{ name: 'bert', state: 'running', step: 2 }]);
  const same = new SendingProcess(again.url, { run: 'bert', session: other.session });
  expect((await same.send(...stepRecords(3))).status).toBe(409);
  expect((await same.begin(TABLE, ...stepRecords(3))).body.run).toBe('bert');
  await same.send(...stepRecords(4), end(4));
  expect(await listed()).toMatchObject([{ name: 'bert', state: 'completed', step: 4, beganAt: 1_700_000_000_000 }]);
  await stop();
  expect(readdirSync(folder).sort()).toEqual(['.trainscope-index.json', 'bert.jsonl']);
  const records = await recordsOf('bert');
  expect(stepsOf(records, 'train-begin')).toEqual([0, 2]);
  expect(stepsOf(records, 'parameter-updates')).toEqual([1, 2, 3, 4]);
  expect(stepsOf(records, 'step-end')).toEqual([1, 2, 3, 4]);
});

const steps = (from: number, to: number, sums?: object) =>
  Array.from({ length: to - from + 1 }, (_, i) => stepRecords(from + i, sums && { sums })).flat();
const MOVES = {
  updateSquares: [1e-6, 1e-6],
  weightSquares: [4, 25],
  gradientSquares: [16, 9],
  maxAbsUpdate: [1e-3, 1e-3],
  nonFinite: 0,
  unchanged: 0,
};

/** What a run that is followed over the end of a server says of a parameter with a NaN, and then with none. */
async function alertsOverARestart(between: () => void = () => {}) {
  const ill = { ...MOVES, nonFinite: [1, 0] };
  await start();
  const other = new SendingProcess(server!.url, { run: 'bert' });
  await other.begin(TABLE, ...steps(1, 4, ill));
  await stop();
  between();
  const again = await start();
  const same = new SendingProcess(again.url, { run: 'bert', session: other.session });
  await same.begin(TABLE, ...steps(5, 8, ill));
  await same.send(...steps(9, 12, MOVES), end(12));
  await stop();
  const alerts = (await recordsOf('bert')).filter((record) => record.type === 'alert');
  return alerts.map(({ rule, phase, step, firstStep }) => [rule, phase, step, firstStep]);
}

const MEMORY = '.bert.jsonl.memory';

it('the rules of a server that is started anew know what has begun, and tell of its end', async () => {
  expect(await alertsOverARestart(() => expect(readdirSync(folder)).toContain(MEMORY))).toEqual([
    ['non-finite', 'begin', 1, 1],
    ['non-finite', 'end', 9, 1],
  ]);
  expect(readdirSync(folder)).not.toContain(MEMORY);
});

it.each([
  ['is lost', () => rmSync(join(folder, MEMORY))],
  ['is torn', () => truncateSync(join(folder, MEMORY), 60)],
  ['is nonsense', () => writeFileSync(join(folder, MEMORY), '[{"version":1}]')],
  ['is of another version', () => replaceIn(join(folder, MEMORY), /"version":"[^"]*"/, '"version":"0.0.0"')],
])('rules whose memory %s begin anew', async (_, damage) => {
  expect(await alertsOverARestart(damage)).toEqual([
    ['non-finite', 'begin', 1, 1],
    ['non-finite', 'begin', 5, 5],
    ['non-finite', 'end', 9, 5],
  ]);
});

function replaceIn(path: string, what: RegExp, by: string): void {
  const before = readFileSync(path, 'utf8');
  expect(before).toMatch(what);
  writeFileSync(path, before.replace(what, by));
}

it('a run that was asked to stop as the server ended is asked by the next', async () => {
  await start({ stopOnAlert: 'error' });
  const other = new SendingProcess(server!.url, { run: 'bert' });
  await other.begin(TABLE, ...nan());
  await stop();
  const again = await start({ stopOnAlert: 'error' });
  const same = new SendingProcess(again.url, { run: 'bert', session: other.session });
  await same.begin(TABLE, ...nan());
  expect((await same.send()).body.commands).toMatchObject([{ command: { kind: 'stop' } }]);
});

it('the memory of a run whose file is gone goes with it', async () => {
  await start();
  await new SendingProcess(server!.url, { run: 'bert' }).begin(TABLE, ...stepRecords(1));
  await stop();
  rmSync(join(folder, 'bert.jsonl'));
  await start();
  await vi.waitFor(() => expect(readdirSync(folder)).not.toContain(MEMORY), { timeout: 10_000, interval: 20 });
});

it('a run that begins anew under a name of an earlier day gets another, and that of the earlier day stays', async () => {
  await start();
  await new SendingProcess(server!.url, { run: 'bert' }).begin(TABLE, ...stepRecords(1), end(1));
  await stop();
  const before = readFileSync(join(folder, 'bert.jsonl'));
  await start();
  expect((await new SendingProcess(server!.url, { run: 'bert' }).begin(TABLE)).body.run).toBe('bert-2');
  expect((await listed()).map(({ name }) => name).sort()).toEqual(['bert', 'bert-2']);
  expect(readFileSync(join(folder, 'bert.jsonl'))).toEqual(before);
});

it('a file that is written again within one tick of the file system is read again', async () => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'r.jsonl');
  // One tick of its clock, which no time is beyond while this runs.
  const tick = new Date(Date.now() + 3_600_000);
  const write = (step: number) => {
    const records = [
      ...(step === 1 ? [TRAIN_BEGIN] : []),
      `${JSON.stringify({ v: 2, ...stepRecords(step).at(-1), run: 'r' })}\n`,
    ];
    writeFileSync(path, records.join(''), { flag: 'a' });
    utimesSync(path, tick, tick);
  };
  write(1);
  await start();
  await listedInTheEnd((runs) => expect(runs).toMatchObject([{ name: 'r', step: 1 }]));
  write(2);
  await listedInTheEnd((runs) => expect(runs).toMatchObject([{ name: 'r', step: 2 }]));
});

it.each([
  ['is missing', () => rmSync(join(folder, '.trainscope-index.json'))],
  ['is torn', () => truncateSync(join(folder, '.trainscope-index.json'), 60)],
  [
    'is nonsense',
    () => writeFileSync(join(folder, '.trainscope-index.json'), '{"v":2,"files":{"bert.jsonl":{"size":1}}}'),
  ],
  ['is of another version', () => writeFileSync(join(folder, '.trainscope-index.json'), '{"v":99}')],
])('an index that %s is made anew of the files', async (_, damage) => {
  await start();
  await new SendingProcess(server!.url, { run: 'bert' }).begin(TABLE, ...stepRecords(1), ...stepRecords(2), end(2));
  const before = await listed();
  await stop();
  damage();
  await start();
  await listedInTheEnd((runs) =>
    expect(runs.map(({ heardAt: _, ...run }) => run)).toEqual(before.map(({ heardAt: _, ...run }) => run)),
  );
});

it('the index is believed for a file that has not changed, and what has is read', async () => {
  await start();
  for (const run of ['same', 'longer', 'other']) {
    await new SendingProcess(server!.url, { run }).begin(TABLE, ...stepRecords(1));
  }
  await stop();
  const path = join(folder, '.trainscope-index.json');
  // What only the index says tells it from the files.
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"maxSteps":100', '"maxSteps":77'));
  const [longer, other] = ['longer', 'other'].map((name) => join(folder, `${name}.jsonl`)) as [string, string];
  const step = `${JSON.stringify({ v: 2, ...stepRecords(9).at(-1), run: 'longer' })}\n`;
  writeFileSync(longer, step, { flag: 'a' });
  const begin = { v: 2, type: 'train-begin', run: 'other', step: 0, epoch: 0, time: 5, maxSteps: 3 };
  writeFileSync(other, `${JSON.stringify(begin)}\n`.padStart(readFileSync(other).length + 100, ' \n'));
  utimesSync(other, 1, 1);
  await start();
  await listedInTheEnd((runs) =>
    expect(new Map(runs.map(({ name, step, maxSteps }) => [name, [step, maxSteps]]))).toEqual(
      new Map([
        ['same', [1, 77]],
        ['longer', [9, 77]],
        ['other', [0, 3]],
      ]),
    ),
  );
});

it('files of others are left alone and not listed, and their names are taken', async () => {
  await start();
  await stop();
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  writeFileSync(join(folder, 'data.jsonl'), '{"text":"a sentence"}\n{"type":"step-end"}\n');
  writeFileSync(join(folder, 'empty.jsonl'), '');
  await start();
  const names: unknown[] = [];
  for (const run of ['data', 'empty', 'notes.txt']) {
    names.push((await new SendingProcess(server!.url, { run }).begin(TABLE, ...stepRecords(1))).body.run);
  }
  expect(names).toEqual(['data-2', 'empty-2', 'notes.txt']);
  expect(new Set((await listed()).map(({ name }) => name))).toEqual(new Set(names));
  // One that is put there while the server is up.
  writeFileSync(join(folder, 'late.jsonl'), 'theirs\n');
  await new SendingProcess(server!.url, { run: 'late' }).begin(TABLE, ...stepRecords(1));
  await stop();
  expect(readFileSync(join(folder, 'late.jsonl'), 'utf8')).toBe('theirs\n');
  expect(stepsOf(await recordsOf('late (2)'), 'step-end')).toEqual([1]);
  expect(readFileSync(join(folder, 'data.jsonl'), 'utf8')).toMatch(
    /^\{"text":"a sentence"\}\n\{"type":"step-end"\}\n$/,
  );
});

it('the files of the ranks of a run, which Python writes without a server, are one run of the whole model', async () => {
  mkdirSync(folder);
  writeRanks(folder, 2);
  await start();
  await listedInTheEnd((runs) => expect(runs).toMatchObject([{ name: 'bert', state: 'completed', step: 2 }]));
  const text = await streamed('/run/bert/events', '"status":"completed"');
  const norms = pointsIn(text, 'bert', 'updateNorm');
  expect(norms).toEqual([
    [1, 2.5],
    [2, expect.closeTo(Math.sqrt(2 + 4 + 6 + 0.25), 12)],
  ]);
  await stop();
  // Of another launch, it is a run by itself.
  const other = rankFile(folder, 1);
  writeFileSync(other, readFileSync(other, 'utf8').replace('here:29500', 'elsewhere'));
  await start();
  await listedInTheEnd((runs) => expect(runs.map(({ name }) => name).sort()).toEqual(['bert', 'bert.rank1']));
});

it('a run that is resumed under the name of a file of somebody else leaves it alone', async () => {
  await start();
  await stop();
  writeFileSync(join(folder, 'data.jsonl'), '{"text":"a sentence"}\n');
  await start();
  await new SendingProcess(server!.url, { run: 'data', step: 5 }).begin(TABLE, ...stepRecords(6));
  expect((await listed()).map(({ name }) => name)).toEqual(['data (2)']);
  await stop();
  expect(readFileSync(join(folder, 'data.jsonl'), 'utf8')).toBe('{"text":"a sentence"}\n');
  expect(stepsOf(await recordsOf('data (2)'), 'step-end')).toEqual([6]);
});

it.skipIf(process.platform === 'win32')(
  'pipes, devices and folders are not read, and do not keep it from its work',
  async () => {
    await start();
    execFileSync('mkfifo', [join(folder, 'a-pipe.jsonl')]);
    symlinkSync('/dev/zero', join(folder, 'device.jsonl'));
    mkdirSync(join(folder, 'folder.jsonl'));
    writeFileSync(join(folder, 'z-run.jsonl'), TRAIN_BEGIN);
    await listedInTheEnd((runs) => expect(runs.map(({ name }) => name)).toEqual(['z-run']));
    await stop();
  },
);

it.each(['../../up', '<b>&"\u202e', '学'.repeat(100), '.hidden', 'a b+c=d', '100%', 'events'])(
  'a run called %s has a file in the folder, and a page',
  async (run) => {
    await start();
    const { body } = await new SendingProcess(server!.url, { run }).begin(TABLE, ...stepRecords(1));
    const [{ name }] = (await listed()) as [Listed];
    expect(name).toBe(body.run);
    expect(existsSync(join(folder, `${name}.jsonl`))).toBe(true);
    for (const path of [`run/${encodeURIComponent(name)}`, `runs/?run=${encodeURIComponent(name)}`]) {
      const page = await fetch(`${server!.url}/${path}`);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('data-home="/"')]);
    }
  },
);

/** A series as a page that follows has it: its steps and values. */
function pointsIn(text: string, run: string, series: string): [step: number, value: number][] {
  const histories = new Histories();
  for (const [, changes] of text.matchAll(/^data: (.*)\n\n/gm)) histories.apply(JSON.parse(changes!));
  const { buckets } = histories.of(run).series.get(series)!;
  return buckets.map(({ start, mean }) => [start, mean]);
}

/** The first text of a stream that has all of these, with the event in which the last of them came. */
async function streamed(path: string, ...texts: readonly string[]): Promise<string> {
  const stop = new AbortController();
  const answer = await fetch(server!.url + path, { signal: stop.signal });
  let text = '';
  for await (const chunk of answer.body!) {
    text += Buffer.from(chunk).toString();
    if (text.endsWith('\n\n') && texts.every((each) => text.includes(each))) break;
  }
  stop.abort();
  return text;
}

it('the page of a run shows its past and goes on with it; several lie over each other', async () => {
  await start();
  const one = new SendingProcess(server!.url, { run: 'one' });
  await one.begin(TABLE, ...stepRecords(1));
  await new SendingProcess(server!.url, { run: 'two' }).begin(TABLE, ...stepRecords(1), end(1, 'failed'));
  await stop();
  await start();
  const same = new SendingProcess(server!.url, { run: 'one', session: one.session });
  const seen = streamed('/run/one/events', '"name":"one"', '"step":4', '"stepsPerSecond"');
  await same.begin(TABLE, ...stepRecords(2), ...stepRecords(4));
  expect(await seen).not.toContain('"name":"two"');
  expect(pointsIn(await seen, 'one', 'loss')).toEqual([1, 2, 4].map((step) => [step, 1 / step]));
  await streamed('/runs/events?run=one&run=two', '"name":"one"', '"name":"two"', '"status":"failed"');
});

it('says what is not there', async () => {
  await start();
  const statuses = ['/run/nope/', '/runs/', '/run/nope/events', '/nope', '/metrics', '/run/%E0/'].map(async (path) => [
    path,
    (await fetch(server!.url + path)).status,
  ]);
  expect(Object.fromEntries(await Promise.all(statuses))).toEqual({
    '/run/nope/': 404,
    '/runs/': 400,
    '/run/nope/events': 404,
    '/nope': 404,
    '/metrics': 404,
    '/run/%E0/': 404,
  });
});

/** A request as a browser makes it, with any Host. */
function statusOf(headers: Record<string, string>, path = '/runs.json'): Promise<number> {
  return new Promise((resolve, reject) => {
    request(server!.url + path, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    })
      .on('error', reject)
      .end();
  });
}

it('pages are for this machine, for no page of others, and for those who know the token', async () => {
  await start({ token: 'secret' });
  const basic = (password: string) => ({ Authorization: `Basic ${Buffer.from(`any:${password}`).toString('base64')}` });
  expect(await statusOf({})).toBe(401);
  expect(await statusOf(basic('wrong'))).toBe(401);
  expect(await statusOf(basic('secret'))).toBe(200);
  expect(await statusOf({ Authorization: 'Bearer secret' })).toBe(200);
  expect(await statusOf({ ...basic('secret'), Host: 'evil.example' })).toBe(403);
  expect(await statusOf({ ...basic('secret'), Origin: 'http://evil.example' })).toBe(403);
  expect(await statusOf({ ...basic('secret'), 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' })).toBe(403);
  const followed = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  expect(await statusOf({ ...basic('secret'), ...followed }, '/')).toBe(200);
});

it('one server has a folder at a time', async () => {
  await start();
  await expect(serveRuns(folder, { port: 0 })).rejects.toThrow(/trainscope-index\.json/);
});

const nan = () =>
  stepRecords(1).map((record) => ({ ...record, ...('loss' in record && { loss: null, $: [['NaN', 'loss']] }) }));

it('rules judge every run, and act on none', async () => {
  await start();
  const other = new SendingProcess(server!.url, { run: 'bert' });
  expect((await other.begin(TABLE, ...nan())).body.commands).toEqual([]);
  expect(await listed()).toMatchObject([{ loss: Number.NaN, alerts: 1, worst: 'error' }]);
  expect((await other.send()).body.commands).toEqual([]);
});

it('stopOnAlert stops a run', async () => {
  await start({ stopOnAlert: 'error' });
  const other = new SendingProcess(server!.url, { run: 'bert' });
  await other.begin(TABLE, ...nan());
  expect((await other.send()).body.commands).toMatchObject([{ command: { kind: 'stop' } }]);
});

it('metrics of all runs are one text, on the same port or another', async () => {
  const { metricsUrl } = await start({ metrics: true });
  expect(metricsUrl).toBe(`${server!.url}/metrics`);
  for (const run of ['one', 'two']) await new SendingProcess(server!.url, { run }).begin(TABLE, ...stepRecords(1));
  const text = await (await fetch(metricsUrl!)).text();
  expect(text).toMatch(/^ml_training_loss\{[^}]*ml_run_id="one"[^}]*\} 1/m);
  expect(text).toMatch(/^ml_training_loss\{[^}]*ml_run_id="two"[^}]*\} 1/m);
  const types = text.match(/^# TYPE \S+/gm)!;
  expect(new Set(types).size).toBe(types.length);
  await stop();
  const { metricsUrl: other } = await start({ metrics: { port: 0 } });
  expect(other).not.toContain(server!.url);
  expect((await fetch(other!)).status).toBe(200);
});

/** A collector that answers with a status, and what it was sent. */
async function collector(status: number) {
  const bodies: Buffer[] = [];
  const listening = createServer((asked, answer) => {
    const blocks: Buffer[] = [];
    asked.on('data', (block) => blocks.push(block));
    asked.on('end', () => {
      bodies.push(gunzipSync(Buffer.concat(blocks)));
      answer.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/v1/metrics`;
  return { url, sent: () => Buffer.concat(bodies).toString('latin1'), close: () => listening.close() };
}

it('metrics of all runs go to an OTLP collector, from the first record on', async () => {
  const { url, sent, close } = await collector(200);
  await start({ otlp: url });
  for (const run of ['one', 'two']) {
    await new SendingProcess(server!.url, { run }).begin(TABLE, ...stepRecords(1), end(1));
  }
  await stop();
  close();
  for (const text of ['one', 'two', 'ml.training.loss']) expect(sent()).toContain(text);
});

it('a collector that takes nothing does not keep the server from its work', async () => {
  const { url, close } = await collector(400);
  await start({ otlp: url });
  await new SendingProcess(server!.url, { run: 'bert' }).begin(TABLE, ...stepRecords(1), end(1));
  expect(await listed()).toMatchObject([{ name: 'bert', state: 'completed' }]);
  await stop();
  close();
  expect((await recordsOf('bert')).at(-1)).toMatchObject({ type: 'train-end' });
});

it('an address of a collector that cannot be is told at once', async () => {
  await expect(serveRuns(folder, { port: 0, otlp: 'nowhere' })).rejects.toThrow(/url/);
});

it('an option that there is not is told', async () => {
  await expect(serveRuns(folder, { prot: 1 } as ServeRunsOptions)).rejects.toThrow(/prot/);
  await expect(serveRuns(folder, { stopOnAlert: 'bad' as 'error' })).rejects.toThrow(/stopOnAlert/);
  await start({ port: 0 });
});
