/** PyTorch's own trainings, sharded over ranks and in transformers' Trainer, followed from here. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { merge, Subject } from 'rxjs';
import {
  type ControlRequest,
  type ParameterUpdates,
  parameterUpdates,
  ranksDiffer,
  statisticsOf,
  stragglers,
} from 'trainscope';
import { csvSink, type IngestServer, ingest, jsonlSink, replay } from 'trainscope/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectWell, pythonWithTorch, startPython } from '../../helpers/python-client.js';
import { all } from '../../helpers/recorded.js';
import { type Followed, nextRunOf, ofType } from './follow.js';

const python = pythonWithTorch();
const RANKS = fileURLToPath(new URL('../../../python/tests/ranks.py', import.meta.url));
const STATISTICS = ['updateNorm', 'weightNorm', 'gradientNorm', 'maxAbsUpdate', 'unchanged', 'meanAbsRatio'] as const;

let folder: string;
let server: IngestServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainscope-torch-'));
  server = await ingest({ onSinkError: () => {}, waitMs: 8_000, lostAfterMs: 20_000 });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The measurements of the same training in one process, from its file. */
async function unsharded(): Promise<readonly ParameterUpdates<never>[]> {
  const program = `
import torch, ranks
torch.set_num_threads(1)
ranks.train(ranks.model(), observed=True)
`;
  expectWell(await startPython(python, ['-c', program], { cwd: folder }).ended);
  const records = await all(replay(join(folder, 'trainscope', 'ranks.jsonl')));
  return records.filter((record) => record.type === 'parameter-updates') as ParameterUpdates<never>[];
}

const torchrun = (count: number) => ['-m', 'torch.distributed.run', '--standalone', `--nproc_per_node=${count}`];

function launch(script: string, count: number, args: readonly string[] = []) {
  return startPython(python, [...torchrun(count), script, ...args], { cwd: folder, url: server.url });
}

function expectClose(updates: ParameterUpdates<never>, expected: ParameterUpdates<never>): void {
  expect(updates.names).toEqual(expected.names);
  expect(updates.sizes).toEqual(expected.sizes);
  for (const statistic of statisticsOf(updates)) {
    const [column, right] = [updates, expected].map(
      ({ columns }) => (columns as Record<string, Float64Array>)[statistic]!,
    );
    column!.forEach((value, i) => {
      const off = Math.abs(value - right![i]!) / Math.max(Math.abs(right![i]!), 1e-12);
      expect([statistic, updates.names[i], off < 1e-6 || value === right![i]]).toEqual([
        statistic,
        updates.names[i],
        true,
      ]);
    });
  }
}

describe('a training over ranks', () => {
  it.each([
    ['fsdp', 2],
    ['fsdp', 4],
    ['ddp', 2],
  ])('by %s on %i is one run, measured as if it were in one process', async (way, count) => {
    const expected = await unsharded();
    const program = launch(RANKS, count, [way]);
    const measured: ParameterUpdates<(typeof STATISTICS)[number]>[] = [];
    const { run, events, ended } = await nextRunOf(server, (followed) => {
      followed.run.events$
        .pipe(parameterUpdates({ statistics: STATISTICS }))
        .subscribe((updates) => measured.push(updates));
      followed.run.report(followed.run.events$.pipe(ranksDiffer()));
    });
    expectWell(await program.ended);
    await ended;
    expect([run.run, run.workers]).toEqual(['ranks', count]);
    expect(measured).toHaveLength(expected.length);
    for (const [i, updates] of measured.entries()) expectClose(updates as never, expected[i]!);
    for (const { reports, missing, differences } of ofType(events, 'ranks')) {
      expect([reports.map(({ rank }) => rank), missing, differences]).toEqual([[...Array(count).keys()], [], []]);
    }
    expect(ofType(events, 'alert')).toEqual([]);
    expect(ofType(events, 'train-begin')).toMatchObject([{ world: count }]);
    expect(events.at(-1)).toMatchObject({ type: 'train-end', status: 'completed' });
  });

  it('by fsdp on 2, with no server, is one run by its files', async () => {
    const expected = await unsharded();
    const cwd = join(folder, 'sharded');
    mkdirSync(cwd);
    expectWell(await startPython(python, [...torchrun(2), RANKS, 'fsdp'], { cwd }).ended);
    expect(readdirSync(join(cwd, 'trainscope')).sort()).toEqual(['ranks.jsonl', 'ranks.rank1.jsonl']);
    const records = await all(replay(join(cwd, 'trainscope', 'ranks.jsonl')));
    const measured = records.filter((record) => record.type === 'parameter-updates') as ParameterUpdates<never>[];
    expect(measured).toHaveLength(expected.length);
    for (const [i, updates] of measured.entries()) expectClose(updates, expected[i]!);
    expect(records.at(-1)).toMatchObject({ type: 'train-end', status: 'completed' });
  });

  it('stops at one step on all ranks, and takes another rate at one step', async () => {
    const script = join(folder, 'steered.py');
    writeFileSync(
      script,
      `
import ranks, time, torch, trainscope
import torch.distributed as dist
from pathlib import Path
torch.set_num_threads(1)
dist.init_process_group("gloo")
torch.manual_seed(0)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with trainscope.observe(optimizer, model, run="steered") as run:
    for step in range(5000):
        loss = model(torch.ones(3, 4)).square().mean(); loss.backward(); run.loss(loss)
        optimizer.step(); optimizer.zero_grad()
        if run.stop_requested: break
        time.sleep(0.02)
# To a file each: what two ranks print comes in pieces, one between the other's, where Python does not buffer it.
said = ["steps", run.steps_done, *(float(p.double().sum()) for p in model.parameters())]
Path(f"rank{dist.get_rank()}.txt").write_text(" ".join(map(str, said)))
ranks.leave()
`,
    );
    const requests$ = new Subject<ControlRequest>();
    const program = launch(script, 2);
    const { run, events, ended } = await nextRunOf(server, ({ run }) => run.steer(requests$));
    const ask = (command: ControlRequest['command']) => requests$.next({ command, source: 'test', message: 'asked' });
    // As many as tell how fast the run goes: the first are slower.
    await expect.poll(() => run.stepsDone, { timeout: 20_000 }).toBeGreaterThan(25);
    ask({ kind: 'scale-learning-rate', factor: 0.5 });
    await expect.poll(() => ofType(events, 'control').length, { timeout: 20_000 }).toBe(1);
    ask({ kind: 'stop' });
    const { code, errors } = await program.ended;
    expect([code, errors.includes('Traceback')], errors).toEqual([0, false]);
    await ended;
    const [one, other] = [0, 1].map((rank) => readFileSync(join(folder, `rank${rank}.txt`), 'utf8'));
    expect(one).toMatch(/^steps \d+ /);
    expect(other).toBe(one);
    expect(ofType(events, 'control').map(({ command, refused }) => [command.kind, refused])).toEqual([
      ['scale-learning-rate', undefined],
      ['stop', undefined],
    ]);
    expect(ofType(events, 'step-end').at(-1)!.learningRate).toBeCloseTo(0.05, 12);
    expect(ofType(events, 'train-end')).toMatchObject([{ status: 'stopped' }]);
  });

  /** The stages of a pipeline, a rank each, which do not wait for each other: one can be late, or end, by itself. */
  const APART = `
import os, sys, time, torch, trainscope
from pathlib import Path
rank, steps, late = int(os.environ["RANK"]), int(sys.argv[1]), float(sys.argv[2])
torch.manual_seed(rank)
stage = torch.nn.Linear(4, 2, bias=False)
model = {f"stage{rank}": stage}
optimizer = torch.optim.SGD(stage.parameters(), lr=0.001)
# One that is restarted takes its place beside the other, which waits for it.
begin = int(Path("step").read_text()) + 20 if "again" in sys.argv else 0
with trainscope.observe(optimizer, model, run="apart", rank=rank, world=2, step=begin, placement="whole") as run:
    if "again" in sys.argv: Path("again").touch()
    # Whichever starts first waits for the other: far behind it, that would be late from its first step on.
    if rank == 1: Path("there").touch()
    while "wait" in sys.argv and not Path("there").exists(): time.sleep(0.01)
    step, until = begin, begin + steps
    while step < until:
        if rank == 1: time.sleep(late)
        loss = stage(torch.ones(3, 4)).square().sum(); loss.backward(); run.loss(loss); optimizer.step(); optimizer.zero_grad()
        step += 1
        if rank == 0: Path("step.new").write_text(str(step)); os.replace("step.new", "step")
        if "wait" in sys.argv and not Path("again").exists(): until = step + 100
        time.sleep(0.02)
    if "die" in sys.argv:
        time.sleep(1)  # What it was about to send is sent: a process that is killed takes that with it.
        os.kill(os.getpid(), 9)
`;
  const apart = (rank: number, ...args: readonly string[]) => {
    process.env.RANK = String(rank);
    process.env.MASTER_ADDR = '127.0.0.1';
    process.env.MASTER_PORT = '29999';
    try {
      return startPython(python, ['-c', APART, ...args], { cwd: folder, url: server.url });
    } finally {
      for (const name of ['RANK', 'MASTER_ADDR', 'MASTER_PORT']) delete process.env[name];
    }
  };

  it('waits for a rank that is late, and tells who is slow', async () => {
    const programs = [apart(0, '60', '0.05'), apart(1, '60', '0.05')];
    const { events, updates, ended } = await nextRunOf(server, ({ run }) => run.report(run.events$.pipe(stragglers())));
    for (const program of programs) expectWell(await program.ended);
    await ended;
    expect(updates.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(ofType(events, 'alert').filter(({ phase }) => phase === 'begin')[0]?.message).toContain('rank 1');
  });

  it('goes on without a rank that is killed, never by a norm that looks right, and with one that is restarted', async () => {
    const first = apart(0, '30', '0', 'wait');
    const killed = apart(1, '30', '0', 'die');
    const { events, updates, ended } = await nextRunOf(server);
    expect(await killed.ended).toMatchObject({ code: null });
    await expect.poll(() => updates.at(-1)?.coverage, { timeout: 60_000 }).toBeLessThan(1);
    const at = updates.at(-1)!;
    expect([at.names, at.coverage]).toEqual([['stage0.weight', 'stage1.weight'], 0.5]);
    expect([...at.columns.updateNorm].map(Number.isNaN)).toEqual([false, true]);
    expect(ofType(events, 'ranks').at(-1)!.missing).toEqual([1]);
    const again = apart(1, '60', '0', 'again');
    for (const program of [first, again]) expectWell(await program.ended);
    await ended;
    expect(updates.map(({ step }) => step)).toEqual(updates.map((_, i) => i + 1));
    const isWhole = ({ coverage, columns }: ParameterUpdates) => {
      const known = [...columns.updateNorm].every((norm) => norm > 0);
      expect(known).toBe(coverage === undefined);
      return known;
    };
    expect(updates.slice(0, 29).every(isWhole)).toBe(true);
    expect(updates.slice(-60).some(isWhole)).toBe(true);
  });
});

it("the tutorial's script, as written: followed from here as by its own file", async () => {
  const program = `
import torch, tutorial, sys
from transformers import BertConfig, BertForSequenceClassification, set_seed
set_seed(0)
model = BertForSequenceClassification(BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32))
data = [{"input_ids": torch.randint(0, 50, (6,)), "labels": i % 2} for i in range(64)]
tutorial.fine_tune(model, data, data[:16])
print(sum(float(p.double().sum()) for p in model.parameters()))
`;
  // Both keep their checkpoints in ./results.
  const cwd = join(folder, 'alone');
  mkdirSync(cwd);
  const alone = startPython(python, ['-c', program], { cwd });
  const watched = startPython(python, ['-c', program], { cwd: folder, url: server.url });
  let file = '';
  const { run, events, updates, ended }: Followed = await nextRunOf(server, ({ run }) => {
    file = join(folder, 'watched.jsonl');
    const updates$ = run.events$.pipe(parameterUpdates());
    run.attach(merge(run.events$, updates$), jsonlSink(file));
    run.attach(updates$, csvSink(join(folder, 'parameter_updates.csv')));
  });
  const [one, other] = [await alone.ended, await watched.ended];
  await ended;
  expectWell(one);
  expectWell(other);
  expect(other.output.trim().split('\n').at(-1)).toBe(one.output.trim().split('\n').at(-1));
  // 3 epochs of 4 batches.
  expect(updates.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(ofType(events, 'evaluate')).toHaveLength(3);
  expect(ofType(events, 'train-begin')[0]!.config).toMatchObject({ learning_rate: 2e-5, num_train_epochs: 3 });
  const own = (await all(replay(join(cwd, 'trainscope', `${run.run}.jsonl`)))).filter(
    (record) => record.type === 'parameter-updates',
  ) as ParameterUpdates[];
  for (const [i, { names, columns }] of own.entries()) {
    expect([updates[i]!.names, [...updates[i]!.columns.updateNorm]]).toEqual([names, [...columns.updateNorm]]);
  }
  const [header, ...rows] = readFileSync(join(folder, 'parameter_updates.csv'), 'utf8').trim().split('\r\n');
  expect([header!.split(',').length, rows.length]).toEqual([updates[0]!.names.length + 1, 12]);
});
