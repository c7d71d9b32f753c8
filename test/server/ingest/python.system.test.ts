/** Trainings in Python, with its own client, followed and steered from here. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Subject } from 'rxjs';
import {
  type AlertEvent,
  type ControlEvent,
  type ControlRequest,
  defaultRules,
  type ParameterUpdates,
  stopOnAlert,
} from 'trainscope';
import { type IngestServer, ingest, replay } from 'trainscope/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectWell, startPython } from '../../helpers/python-client.js';
import { all } from '../../helpers/recorded.js';
import { nextRunOf, ofType } from './follow.js';

/** A loop over lists that goes on until it is told to stop; with `ill`, its weights are NaN from the fifth step on. */
const LOOP = `
import sys, time, math
import trainscope

rate, ill, steps = 0.5, "ill" in sys.argv, 0
w = {"layer": {"w": [3.0, -4.0]}}
with trainscope.observe(run="lists", config={"rate": rate}) as run:
    while not run.stop_requested and steps < 2000:
        steps += 1
        g = {"layer": {"w": [2 * v for v in w["layer"]["w"]]}}
        new = [v - 0.01 * run.adjusted(rate) * d for v, d in zip(w["layer"]["w"], g["layer"]["w"])]
        after = {"layer": {"w": [math.nan, new[1]] if ill and steps > 4 else new}}
        run.step(w, after, g, loss=sum(v * v for v in new), learning_rate=run.adjusted(rate), examples=1)
        w = after
        time.sleep(0.02)
print(steps, run.adjusted(rate), *w["layer"]["w"])
`;

let folder: string;
let server: IngestServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainscope-python-'));
  server = await ingest({ onSinkError: () => {} });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('a loop in Python', () => {
  it('is stopped by a rule in TypeScript, and says that it did', async () => {
    const program = startPython('python3', ['-c', LOOP, 'ill'], { cwd: folder, url: server.url });
    const { events, updates, ended } = await nextRunOf(server, ({ run }) => {
      const alerts$ = run.events$.pipe(defaultRules());
      run.report(alerts$);
      run.steer(alerts$.pipe(stopOnAlert({ severity: 'error' })));
    });
    expectWell(await program.ended);
    await ended;
    const [alert] = ofType(events, 'alert') as [AlertEvent];
    expect([alert.rule, alert.parameter, alert.firstStep]).toEqual(['non-finite', 'layer.w', 5]);
    const [control] = ofType(events, 'control') as [ControlEvent];
    expect(control.command).toEqual({ kind: 'stop' });
    expect(control.message).toContain('the loop is asked to stop');
    expect(ofType(events, 'train-end')).toMatchObject([{ status: 'stopped' }]);
    expect(ofType(events, 'train-begin')).toMatchObject([{ config: { rate: 0.5 } }]);
    // The first update moves 3 and −4 by a hundredth of their own.
    expect(updates[0]!.of('layer.w').updateNorm).toBeCloseTo(0.05, 12);
    expect(updates[0]!.of('layer.w').weightNorm).toBe(5);
    expect(updates[0]!.of('layer.w').gradientNorm).toBe(10);
  });

  it('takes another learning rate, and refuses what it cannot do', async () => {
    const requests$ = new Subject<ControlRequest>();
    const program = startPython('python3', ['-c', LOOP], { cwd: folder, url: server.url });
    const { run, events, ended } = await nextRunOf(server, ({ run }) => run.steer(requests$));
    const ask = (command: ControlRequest['command']) => requests$.next({ command, source: 'test', message: 'asked' });
    const answered = (count: number) =>
      new Promise<void>((resolve) => {
        run.events$.subscribe(() => ofType(events, 'control').length >= count && resolve());
      });
    ask({ kind: 'scale-learning-rate', factor: 0.5 });
    ask({ kind: 'rollback' });
    await answered(2);
    await expect.poll(() => ofType(events, 'step-end').at(-1)?.learningRate).toBe(0.25);
    ask({ kind: 'stop' });
    const { output } = await program.ended;
    await ended;
    expect(output).toMatch(/^\d+ 0\.25 /);
    expect(ofType(events, 'control').map(({ message, refused }) => [message, refused])).toEqual([
      [expect.stringMatching(/^asked: learning rate 0\.5 → 0\.25$/), undefined],
      [expect.stringMatching(/^asked: not done: rollback: /), true],
      [expect.stringMatching(/^asked: /), undefined],
    ]);
    expect(ofType(events, 'step-end').at(-1)!.learningRate).toBe(0.25);
  });

  it('trains on, to the bit, whatever becomes of the server, and into a file without one', async () => {
    const bounded = LOOP.replace('steps < 2000', 'steps < 100');
    const [alone, watched] = await Promise.all([
      startPython('python3', ['-c', bounded], { cwd: folder }).ended,
      (async () => {
        const program = startPython('python3', ['-c', bounded], { cwd: folder, url: server.url });
        await nextRunOf(server);
        await server.close();
        return program.ended;
      })(),
    ]);
    expect(watched.output).toBe(alone.output);
    expect(alone.errors).toContain('npx trainscope live trainscope/lists.jsonl');
    const records = await all(replay(join(folder, 'trainscope', 'lists.jsonl')));
    const updates = records.filter((record) => record.type === 'parameter-updates') as ParameterUpdates[];
    expect(updates.map(({ step }) => step)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(updates[0]).toMatchObject({ run: 'lists', learningRate: 0.5, names: ['layer.w'] });
    expect(updates[0]!.of('layer.w').updateNorm).toBeCloseTo(0.05, 12);
    expect(records.at(-1)).toMatchObject({ type: 'train-end', status: 'completed' });
  });

  it('goes on in a server that was started anew', async () => {
    const { port } = new URL(server.url);
    const bounded = LOOP.replace('steps < 2000', 'steps < 200');
    const program = startPython('python3', ['-c', bounded], { cwd: folder, url: server.url });
    const first = await nextRunOf(server);
    await new Promise<void>((resolve) => first.run.events$.subscribe(() => first.updates.length > 3 && resolve()));
    await server.close();
    server = await ingest({ port: Number(port), onSinkError: () => {} });
    const second = await nextRunOf(server);
    expectWell(await program.ended);
    await second.ended;
    const steps = [...first.updates, ...second.updates].map(({ step }) => step);
    // What was on its way to the first server when it was closed may come twice.
    expect([...new Set(steps)]).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(second.events.at(-1)).toMatchObject({ type: 'train-end', status: 'completed' });
    expect(second.run.run).toBe('lists');
  });
});

it('examples/ingest.ts, as written: a table, a page, a file, and a run that it stops', async () => {
  const tsx = fileURLToPath(new URL('../../../node_modules/tsx/dist/esm/index.mjs', import.meta.url));
  const example = fileURLToPath(new URL('../../../examples/ingest.ts', import.meta.url));
  const tsconfig = fileURLToPath(new URL('../../../tsconfig.json', import.meta.url));
  process.env.TSX_TSCONFIG_PATH = tsconfig;
  const watcher = startPython(process.execPath, ['--import', tsx, example], { cwd: folder });
  try {
    await expect.poll(() => watcher.said.output, { timeout: 30_000 }).toMatch(/waiting for runs at .*\nlive: /);
    const program = startPython('python3', ['-c', LOOP, 'ill'], { cwd: folder, url: 'http://127.0.0.1:4555' });
    const { code, output } = await program.ended;
    expect([code, Number.parseInt(output, 10) < 2000]).toEqual([0, true]);
    await expect.poll(() => watcher.said.output, { timeout: 10_000 }).toContain('run lists, of 1 worker(s)');
    const live = /live: (\S+)/.exec(watcher.said.output)![1]!;
    expect(await (await fetch(live)).text()).toContain('<title>');
    const file = () => readFileSync(join(folder, 'results', 'lists.jsonl'), 'utf8');
    await expect.poll(file, { timeout: 10_000 }).toContain('"type":"train-end"');
    expect(file()).toContain('"rule":"non-finite"');
  } finally {
    watcher.child.kill();
    await watcher.ended;
  }
});
