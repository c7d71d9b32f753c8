import { afterEach, expect, it } from 'vitest';
import type { TrainingEvent } from '../../../src/index.js';
import { type IngestOptions, type IngestServer, ingest, type RemoteRun } from '../../../src/node.js';
import { SendingProcess, stepRecords, TABLE } from './post.js';

let server: IngestServer;
let runs: { run: RemoteRun; events: TrainingEvent[]; measured: string[][] }[];

async function begin(options: IngestOptions) {
  server = await ingest({ waitMs: 60_000, ...options });
  runs = [];
  server.runs$.subscribe((run) => {
    const seen: (typeof runs)[0] = { run, events: [], measured: [] };
    run.events$.subscribe((event) => seen.events.push(event));
    run.updates$.subscribe(({ columns }) => seen.measured.push(Object.keys(columns)));
    runs.push(seen);
  });
}
afterEach(() => server.close());

const beginsOf = (events: readonly TrainingEvent[]) => events.filter(({ type }) => type === 'train-begin');

it('a session of an earlier server goes on with its run, where it is by now', async () => {
  await begin({ known: [{ run: 'bert-2', step: 7, sessions: ['earlier'] }] });
  const other = new SendingProcess(server.url, { run: 'bert', session: 'earlier' });
  expect((await other.send(...stepRecords(9))).status).toBe(409);
  // The clients send once more how the run began: after 0 updates.
  expect((await other.begin(TABLE, ...stepRecords(9))).body.run).toBe('bert-2');
  const [{ run, events }] = runs as [(typeof runs)[0]];
  expect(run.resumed).toBe(true);
  expect(beginsOf(events)).toMatchObject([{ step: 8, epoch: 0.9 }]);
  expect(events.at(-1)).toMatchObject({ type: 'step-end', step: 9 });
});

it('a session that tells nothing new is where it was', async () => {
  await begin({ known: [{ run: 'bert', step: 7, sessions: ['earlier'] }] });
  await new SendingProcess(server.url, { run: 'bert', session: 'earlier' }).begin(TABLE);
  expect(beginsOf(runs[0]!.events)).toMatchObject([{ step: 7 }]);
});

it('a process that was silent for too long goes on where it is', async () => {
  await begin({ lostAfterMs: 50 });
  const other = new SendingProcess(server.url, { run: 'a' });
  await other.begin(TABLE, ...stepRecords(1));
  const ended = () => runs[0]!.events.at(-1)!.type === 'train-end';
  while (!ended()) await new Promise((resolve) => setTimeout(resolve, 10));
  await other.begin(TABLE, ...stepRecords(2));
  expect(beginsOf(runs[1]!.events)).toMatchObject([{ step: 1 }]);
});

it('names of earlier runs are taken by what begins, and not by what is resumed', async () => {
  await begin({ known: [{ run: 'bert', step: 7 }] });
  await new SendingProcess(server.url, { run: 'bert' }).begin(TABLE);
  await new SendingProcess(server.url, { run: 'bert', step: 7 }).begin(TABLE);
  expect(runs.map(({ run }) => [run.run, run.resumed])).toEqual([
    ['bert-2', false],
    ['bert', true],
  ]);
});

it('updates$ has every statistic that the sums have, and the sessions are known', async () => {
  await begin({});
  await new SendingProcess(server.url, { session: 'one' }).begin(TABLE, ...stepRecords(1));
  expect(runs[0]!.measured).toEqual([
    ['updateNorm', 'weightNorm', 'updateRatio', 'gradientNorm', 'maxAbsUpdate', 'unchanged', 'nonFinite'],
  ]);
  expect(runs[0]!.run.sessions).toEqual(['one']);
});

it('a name fits a file system, whatever its letters', async () => {
  await begin({});
  await new SendingProcess(server.url, { run: '学'.repeat(100) }).begin(TABLE);
  expect(runs[0]!.run.run).toBe('学'.repeat(50));
});
