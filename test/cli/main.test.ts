/** The real command, as a shell runs it. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { record } from '../helpers/recorded.js';
import { updatesOf } from '../helpers/updates.js';
import { event } from '../operators/fake-run.js';
import { otlpReceiver } from '../sinks/otel/otlp-receiver.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** As deep in the project as dist/cli, where the package has it. */
const BUILT = join(ROOT, '.cache', 'cli');
const COMMAND = [process.execPath, join(BUILT, 'main.js')];

const folder = mkdtempSync(join(tmpdir(), 'trainscope-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const trainscope = (...args: string[]) => run(COMMAND[0]!, [...COMMAND.slice(1), ...args]);

beforeAll(async () => {
  await build({
    entryPoints: [join(ROOT, 'src/cli/main.ts')],
    outdir: BUILT,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const steps = [1, 2, 3].flatMap((step) => [
    updatesOf({ 'a.weight': 1e-3 * step, 'a.bias': 0.5 }, { step, run: 'first' }),
    event('step-end', { run: 'first', step, time: 1000 * step, loss: 1 / step, learningRate: 0.1 }),
  ]);
  await record(join(folder, 'run.jsonl'), steps);
  writeFileSync(join(folder, 'updates.csv'), 'a.weight,a.bias\r\n0.5,1e-05\r\nnan,0.25\r\n');
});

describe('called wrongly, it says how and exits with 2', () => {
  it.each([
    [[], 'Usage: trainscope [options] [command]'],
    [['sumary', 'x'], "unknown command 'sumary'\n(Did you mean summary?)"],
    [['plot', 'updates.csv', '-o', 'x.gif'], 'Expected a name that ends in .svg or .png.'],
    [
      ['replay', 'run.jsonl', '--to', 'csv:'],
      'Expected console[:style], csv:<file>, tensorboard:<folder> or otlp[:<url>].',
    ],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await trainscope(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
  });
});

it('helps on standard output, with examples, and exits with 0', async () => {
  const { code, stdout, stderr } = await trainscope('help', 'plot');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Usage: trainscope plot [options] <file>');
  expect(stdout).toContain('$ trainscope plot parameter_updates.csv --log -o updates.png');
});

it('says what failed on standard error and exits with 1', async () => {
  const { code, stdout, stderr } = await trainscope('summary', 'none.jsonl');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^trainscope: file: expected one that can be read, got "none\.jsonl" \(ENOENT.*\)\n$/);
});

it('summary shows a run, without colour in a pipe', async () => {
  const { code, stdout } = await trainscope('summary', 'run.jsonl');
  expect(code).toBe(0);
  expect(stdout).not.toContain('\u001b');
  expect(stdout).toContain('first  3 steps');
  expect(stdout).toMatch(/^loss +1\.00 → 0\.333/m);
  expect(stdout).toMatch(/^a\.weight +1\.00e-3 +3\.00e-3 +1\.00e-3 +3\.00e-3 {2}▁▅█ +healthy$/m);
  expect(stdout).toMatch(/^a\.bias .* exploding$/m);
});

it('plot draws beside the file', async () => {
  const { code, stdout } = await trainscope('plot', 'updates.csv');
  expect([code, stdout]).toEqual([0, 'updates.svg updates.png: 2 parameters, 2 steps\n']);
  expect(readFileSync(join(folder, 'updates.svg'), 'utf8')).toContain('Parameter Update Norm');
  expect(readFileSync(join(folder, 'updates.png')).subarray(1, 4).toString()).toBe('PNG');
});

it('replay writes what the sinks would have written', async () => {
  const { code, stdout, stderr } = await trainscope(
    ...['replay', 'run.jsonl', '--to', 'csv:back.csv', '-t', 'tensorboard:tb', '-t', 'console'],
  );
  expect([code, stderr]).toEqual([0, 'trainscope: 6 records of run.jsonl\n']);
  expect(stdout).toContain('Parameter a.weight updated by: 0.001\n');
  expect(readFileSync(join(folder, 'back.csv'), 'utf8').split('\r\n')[1]).toBe('1,0.001,0.5');
  expect(existsSync(join(folder, 'tb', 'first'))).toBe(true);
});

it('replay sends every step to a collector, at its own time', async () => {
  const receiver = await otlpReceiver();
  try {
    const { code, stderr } = await trainscope('replay', 'run.jsonl', '--to', `otlp:${receiver.url}`);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^trainscope: \d+ points in \d+ exports to .*\n.*6 records/),
    ]);
    const points = receiver.requests.flatMap((request) => request.points);
    const ratios = points.filter(({ metric }) => metric === 'ml.parameter.update.ratio');
    expect(ratios.map(({ value }) => value).sort()).toEqual([0.001, 0.002, 0.003, 0.5, 0.5, 0.5]);
  } finally {
    await receiver.close();
  }
});

it('ends in peace when its reader has seen enough', async () => {
  const names = Array.from({ length: 5000 }, (_, i) => [`parameter.${i}.${'x'.repeat(60)}`, 1] as const);
  await record(join(folder, 'wide.jsonl'), [updatesOf(names)]);
  const line = `set -o pipefail; ${COMMAND.map((part) => `'${part}'`).join(' ')} summary wide.jsonl | head -1`;
  expect(await run('bash', ['-c', line])).toMatchObject({ code: 0, stderr: '' });
});
