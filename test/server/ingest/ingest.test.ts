import { firstValueFrom, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ControlRequest,
  type ParameterUpdates,
  parameterUpdates,
  type TrainingEvent,
} from '../../../src/index.js';
import { type IngestServer, ingest, type RemoteRun } from '../../../src/node.js';
import { SendingProcess, stepRecords, TABLE } from './post.js';

let server: IngestServer;
let runs: { run: RemoteRun; events: TrainingEvent[]; updates: ParameterUpdates[] }[];

async function begin(options: Parameters<typeof ingest>[0] = {}) {
  server = await ingest({ waitMs: 60_000, ...options });
  runs = [];
  server.runs$.subscribe((run) => {
    const seen = { run, events: [] as TrainingEvent[], updates: [] as ParameterUpdates[] };
    run.events$.subscribe((event) => seen.events.push(event));
    run.events$.pipe(parameterUpdates()).subscribe((updates) => seen.updates.push(updates));
    runs.push(seen);
  });
}

beforeEach(() => begin());
afterEach(() => server.close());

const typesOf = (events: readonly TrainingEvent[]) => events.map(({ type }) => type);
const end = (step: number) => ({ type: 'train-end', step, epoch: 1, time: 1_700_000_100_000, status: 'completed' });

describe('a run of another process', () => {
  it('has the events of a run of this one, and the statistics of the sums it sends', async () => {
    const other = new SendingProcess(server.url, { run: 'bert' });
    expect((await other.begin(TABLE, ...stepRecords(1), ...stepRecords(2), end(2))).body.run).toBe('bert');
    const [{ run, events, updates }] = runs as [(typeof runs)[0]];
    expect([run.run, run.workers, run.client, run.resumed]).toEqual(['bert', 1, 'test 1', false]);
    const step = ['step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'];
    expect(typesOf(events)).toEqual(['train-begin', ...step, ...step, 'train-end']);
    expect(events.every(({ run }) => run === 'bert')).toBe(true);
    expect(events.map(({ step }) => step)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
    expect(updates).toHaveLength(2);
    expect(updates[1]).toMatchObject({ step: 2, loss: 0.5, learningRate: 0.1, maxSteps: 100, names: ['w', 'b'] });
    expect(updates[1]!.of('w')).toMatchObject({
      size: 4,
      updateNorm: Math.sqrt(0.08),
      weightNorm: 2,
      updateRatio: Math.sqrt(0.08) / 2,
      gradientNorm: 4,
      maxAbsUpdate: 0.1,
      unchanged: 0.25,
      nonFinite: 0,
    });
  });

  it.each([true, false])('comes as lines, with gzip: %s', async (gzip) => {
    const other = new SendingProcess(server.url, { gzip });
    await other.begin(TABLE, ...stepRecords(1));
    expect(runs[0]!.updates.map(({ step }) => step)).toEqual([1]);
  });

  it('comes with columns of bytes', async () => {
    await server.close();
    await begin({ onSinkError: () => {} });
    const other = new SendingProcess(server.url);
    await other.begin(TABLE);
    const bytes = Buffer.alloc(24);
    bytes.writeDoubleLE(9, 0);
    bytes.writeDoubleLE(16, 8);
    bytes.writeFloatLE(4, 16);
    bytes.writeFloatLE(0.25, 20);
    const [sums, stepEnd] = stepRecords(1, {
      sums: { updateSquares: { at: 16, as: 'float32' }, weightSquares: { at: 0, as: 'float64' }, nonFinite: 0 },
      binary: 24,
    });
    const lines = [sums, stepEnd].map((record) => Buffer.from(`${JSON.stringify({ v: 2, ...record })}\n`));
    const body = Buffer.concat([lines[0]!, bytes, lines[1]!]);
    const seen = firstValueFrom(
      runs[0]!.run.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] })),
    );
    expect(
      (await other.sendText(body as unknown as string, { 'Content-Type': 'application/vnd.trainscope.records' })).body,
    ).toEqual({
      run: 'elsewhere',
      commands: [],
    });
    expect([...(await seen)].map(({ updateNorm, weightNorm }) => [updateNorm, weightNorm])).toEqual([
      [2, 3],
      [0.5, 4],
    ]);
  });

  const updates = (step: number, names: object = { parameters: 0 }) => ({
    type: 'parameter-updates',
    step,
    epoch: 0,
    time: 1,
    ...names,
    columns: { updateNorm: [0.5, 0.1], weightNorm: 2, meanAbsRatio: [0.25, null] },
    $: [['NaN', 'columns', 'meanAbsRatio', [1]]],
  });

  it('has statistics as they were measured, where it sends no sums', async () => {
    await server.close();
    await begin({ onSinkError: () => {} });
    const other = new SendingProcess(server.url);
    await other.begin();
    const statistics = ['updateNorm', 'weightNorm', 'meanAbsRatio'] as const;
    const seen = firstValueFrom(runs[0]!.run.events$.pipe(parameterUpdates({ statistics })));
    const [, stepEnd] = stepRecords(1);
    expect((await other.send(TABLE, updates(1), stepEnd!)).body.damaged).toBeUndefined();
    expect(await seen).toMatchObject({ step: 1, loss: 1, learningRate: 0.1 });
    expect([...(await seen)]).toEqual([
      { name: 'w', size: 4, updateNorm: 0.5, weightNorm: 2, meanAbsRatio: 0.25 },
      { name: 'b', size: 1, updateNorm: 0.1, weightNorm: 2, meanAbsRatio: Number.NaN },
    ]);
  });

  it.each([
    [
      'of one of several ranks',
      { world: 2, launch: 'x' },
      [updates(1)],
      'expected parameter-sums of one of several ranks',
    ],
    [
      'of other parameters in the same step',
      {},
      [updates(1), { ...TABLE, id: 1, names: ['v', 'b'] }, updates(1, { parameters: 1 })],
      'expected the same parameters in all that is measured of step 1',
    ],
    [
      'with histograms that are none',
      {},
      [{ ...updates(1), histograms: { update: [1, 2] } }],
      'expected lists of 2 histograms',
    ],
  ])('leaves out statistics %s, and says so', async (_, options, records, why) => {
    await server.close();
    await begin({ onSinkError: () => {} });
    const other = new SendingProcess(server.url, options);
    await other.begin(TABLE);
    expect((await other.send(...records)).body.damaged).toEqual({ lines: 1, first: expect.stringContaining(why) });
  });

  it('may have a metric called binary beside columns of bytes', async () => {
    const other = new SendingProcess(server.url);
    await other.begin(TABLE);
    const log = { type: 'log', step: 1, epoch: 0, time: 1, metrics: { binary: 20 } };
    const type = { 'Content-Type': 'application/vnd.trainscope.records' };
    const text = [log, ...stepRecords(1)].map((record) => `${JSON.stringify({ v: 2, ...record })}\n`).join('');
    expect((await other.sendText(text, type)).body.damaged).toBeUndefined();
    expect(typesOf(runs[0]!.events)).toContain('log');
    expect(runs[0]!.updates).toHaveLength(1);
  });

  it('tells which statistics it was not sent', async () => {
    const told = vi.fn();
    await server.close();
    await begin({ onSinkError: told });
    server.runs$.subscribe((run) => {
      run.attach(run.events$.pipe(parameterUpdates({ statistics: ['stdRatio'] })), () => {});
    });
    await new SendingProcess(server.url).begin(TABLE, ...stepRecords(1));
    expect(told.mock.calls[0]![0].message).toContain(
      'expected what the process that trains has measured, norms, extremes, gradients; got some that need moments',
    );
  });

  it('is taken once, whatever is sent twice, and what is missing is told', async () => {
    const other = new SendingProcess(server.url);
    await other.begin(TABLE, ...stepRecords(1));
    other.batch = 0;
    await other.begin(TABLE, ...stepRecords(1));
    other.batch = 3;
    await other.send(...stepRecords(4));
    await other.send({ type: 'dropped', records: 7, firstStep: 5, lastStep: 8 }, end(8));
    const { events, updates } = runs[0]!;
    expect(updates.map(({ step }) => step)).toEqual([1, 4]);
    expect(events.filter(({ type }) => type === 'alert')).toMatchObject([
      { rule: 'lost-records', phase: 'begin', message: expect.stringContaining('2 batches of rank 0') },
      { rule: 'lost-records', phase: 'end', message: expect.stringContaining('9 records') },
    ]);
  });

  it('leaves out lines that are no records, and says so', async () => {
    const other = new SendingProcess(server.url);
    await other.begin(TABLE);
    const lines = ['{"v":1', '[]', '{"v":9,"type":"log"}', '{"v":1,"type":"step-end","step":-1}'].join('\n');
    const { status, body } = await other.sendText(`${lines}\n`);
    expect([status, body.damaged!.lines]).toEqual([200, 4]);
    expect(body.damaged!.first).toMatch(/^line 1: /);
    await other.send(TABLE, ...stepRecords(1));
    expect(runs[0]!.updates).toHaveLength(1);
  });
});

describe('control of another process', () => {
  const request = (command: ControlRequest['command']): ControlRequest => ({ command, source: 'test', message: 'why' });

  it('asks until it is answered, and tells what came of it', async () => {
    const other = new SendingProcess(server.url);
    await other.begin();
    const requests$ = new Subject<ControlRequest>();
    runs[0]!.run.steer(requests$);
    requests$.next(request({ kind: 'scale-learning-rate', factor: 0.5 }));
    requests$.next(request({ kind: 'stop' }));
    expect(runs[0]!.run.stopRequested).toBe(true);
    const [first, second] = (await other.send()).body.commands!;
    expect([first!.command, second!.command]).toEqual([{ kind: 'scale-learning-rate', factor: 0.5 }, { kind: 'stop' }]);
    expect(first!.atStep).toBeUndefined();
    expect((await other.send()).body.commands).toHaveLength(2);
    await other.send({ type: 'answer', id: first!.id, message: 'learning rate 0.1 → 0.05' });
    const left = await other.send({ type: 'answer', id: second!.id, refused: true, message: 'no' });
    expect(left.body.commands).toEqual([]);
    expect(runs[0]!.events.filter(({ type }) => type === 'control')).toMatchObject([
      { message: 'why: learning rate 0.1 → 0.05' },
      { message: 'why: not done: no', refused: true },
    ]);
  });

  it('refuses what is not answered when the run ends', async () => {
    const other = new SendingProcess(server.url);
    await other.begin();
    runs[0]!.run.steer(new Subject());
    const requests$ = new Subject<ControlRequest>();
    runs[0]!.run.steer(requests$);
    requests$.next(request({ kind: 'save' }));
    await other.send(end(0));
    expect(runs[0]!.events.filter(({ type }) => type === 'control')).toMatchObject([
      { message: 'why: not done: the run has ended', refused: true },
    ]);
  });
});

describe('runs by their names', () => {
  it('gives another one a name of its own, and one that is safe in a path', async () => {
    for (let i = 0; i < 2; i++) await new SendingProcess(server.url, { run: '../../x/y' }).begin();
    expect(runs.map(({ run }) => run.run)).toEqual(['x-y', 'x-y-2']);
  });

  it('goes on with a run that is resumed, before and after its end', async () => {
    await new SendingProcess(server.url, { run: 'a' }).begin(TABLE, ...stepRecords(1), ...stepRecords(2));
    await new SendingProcess(server.url, { run: 'a', step: 1 }).begin(TABLE, ...stepRecords(2), end(2));
    expect(runs).toHaveLength(1);
    expect(runs[0]!.updates.map(({ step }) => step)).toEqual([1, 2, 2]);
    await new SendingProcess(server.url, { run: 'a', step: 2 }).begin(TABLE, ...stepRecords(3));
    expect(runs.map(({ run }) => [run.run, run.resumed])).toEqual([
      ['a', false],
      ['a', true],
    ]);
    expect(runs[1]!.updates.map(({ step }) => step)).toEqual([3]);
  });

  it('gives two processes that go on with one run at a time a run each, not the run in turns', async () => {
    const [one, other] = [1, 2].map(() => new SendingProcess(server.url, { run: 'a', step: 5 }));
    await one!.begin(TABLE, ...stepRecords(6));
    await other!.begin(TABLE, ...stepRecords(6));
    expect((await one!.send(...stepRecords(7))).status).toBe(409);
    await one!.begin(TABLE, ...stepRecords(7));
    expect((await other!.send(...stepRecords(7))).body.run).toBe('a');
    expect((await one!.send(...stepRecords(8))).body.run).toBe('a-2');
    expect(runs.map(({ run, updates }) => [run.run, ...updates.map(({ step }) => step)])).toEqual([
      ['a', 6, 6, 7],
      ['a-2', 7, 8],
    ]);
  });

  it('asks a session that it does not know to begin anew, and ends one that is not heard of', async () => {
    await server.close();
    await begin({ lostAfterMs: 50 });
    const other = new SendingProcess(server.url, { run: 'a' });
    expect((await other.send(...stepRecords(1))).status).toBe(409);
    await other.begin(TABLE, ...stepRecords(1));
    await vi.waitFor(() => expect(runs[0]!.events.at(-1)!.type).toBe('train-end'), 10_000);
    expect(runs[0]!.events.at(-1)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('nothing was heard of it'),
    });
    expect((await other.send(...stepRecords(2))).status).toBe(409);
    await other.begin(TABLE, ...stepRecords(2));
    expect(runs.map(({ run, updates }) => [run.run, run.resumed, updates.length])).toEqual([
      ['a', false, 1],
      ['a', true, 1],
    ]);
  });
});
