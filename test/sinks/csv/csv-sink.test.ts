import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { of, throwError } from 'rxjs';
import { type CsvSinkOptions, csvSink } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { updatesOf } from '../../helpers/updates.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${++files}.csv`);
const text = (path: string) => readFileSync(path, 'utf8');

const steps = [1, 2, 3].map((step) => updatesOf({ 'a.weight': step / 4, 'a.bias': 1 / step }, { step }));

async function write(path: string, options?: CsvSinkOptions, values = steps): Promise<string> {
  const sink = csvSink(path, options);
  of(...values).subscribe(sink);
  await sink.closed;
  return text(path);
}

describe('csvSink', () => {
  it.each(['wide', 'tutorial', 'long'] as const)('writes the golden file: %s', async (layout) => {
    const values = [
      updatesOf({ 'a.weight': 1e-5, 'b,"c"': Number.NaN }),
      updatesOf({ 'b,"c"': 0.125, 'a.weight': Infinity }, { step: 2 }),
      updatesOf({ 'a.weight': 3 }, { step: 3 }),
    ];
    const golden = fileURLToPath(new URL(`../../golden/csv-${layout}.csv`, import.meta.url));
    expect(await write(newPath(), { layout }, values)).toBe(text(golden));
  });

  it('has every step in the file before next returns', () => {
    const path = newPath();
    const sink = csvSink(path);
    expect(text(path)).toBe('');
    sink.next(steps[0]!);
    expect(text(path)).toBe('step,a.weight,a.bias\r\n1,0.25,1\r\n');
    sink.next(steps[1]!);
    expect(text(path)).toBe('step,a.weight,a.bias\r\n1,0.25,1\r\n2,0.5,0.5\r\n');
    sink.complete();
  });

  it('makes the folder, and replaces the file', async () => {
    const path = join(folder, 'new', 'folder', 'updates.csv');
    await write(path);
    expect(await write(path, { statistic: 'weightNorm' }, steps.slice(0, 1))).toBe('step,a.weight,a.bias\r\n1,1,1\r\n');
  });

  it('flushes, closes, and takes nothing after the end', async () => {
    const path = newPath();
    const sink = csvSink(path);
    expect(sink.name).toBe(`csvSink(${path})`);
    sink.next(steps[0]!);
    await sink.flush();
    sink.complete();
    sink.complete();
    sink.next(steps[1]!);
    sink.error(new Error('late'));
    await sink.closed;
    await sink.flush();
    expect(text(path).split('\r\n')).toHaveLength(3);
  });

  it('writes what came before its stream failed, and says so', async () => {
    const path = newPath();
    const sink = csvSink(path);
    sink.next(steps[0]!);
    throwError(() => new Error('the stream broke')).subscribe(sink);
    await expect(sink.closed).rejects.toThrow('the stream broke');
    expect(text(path)).toBe('step,a.weight,a.bias\r\n1,0.25,1\r\n');
  });

  it('ends whole at a parameter that has no column', async () => {
    const path = newPath();
    const sink = csvSink(path);
    sink.next(steps[0]!);
    sink.next(updatesOf({ 'a.weight': 1, 'new.bias': 2 }, { step: 2 }));
    sink.next(steps[2]!);
    await expect(sink.closed).rejects.toThrow(
      /^step 2 has parameters that have no column: new\.bias; .*layout: 'long'/,
    );
    await expect(sink.flush()).rejects.toThrow('step 2');
    expect(text(path)).toBe('step,a.weight,a.bias\r\n1,0.25,1\r\n');
  });

  it('does not end the process when no one listens to closed', async () => {
    csvSink(newPath(), { statistic: 'stdRatio' }).next(steps[0]!);
    await new Promise(setImmediate); // an unhandled rejection would fail this file
  });
});

describe('append', () => {
  it('goes on after the rows there are', async () => {
    const path = newPath();
    await write(path, { append: true }, steps.slice(0, 1));
    expect(await write(path, { append: true }, steps.slice(1))).toBe(
      'step,a.weight,a.bias\r\n1,0.25,1\r\n2,0.5,0.5\r\n3,0.75,0.3333333333333333\r\n',
    );
  });

  it('cuts off a row that a kill has torn', async () => {
    const path = newPath();
    const odd = [updatesOf({ 'a\r\n"b"': 1, c: 2 })];
    const whole = await write(path, { layout: 'long' }, odd);
    writeFileSync(path, `${whole}test,2,0.2,"a\r\n""b`);
    expect(await write(path, { layout: 'long', append: true }, odd)).toBe(whole + whole.slice(whole.indexOf('test')));
  });

  it.each([
    [{ 'a.weight': 1, b: 1 }, 'the file does not have b; this run does not have a.bias'],
    [{ 'a.weight': 1, 'a.bias': 1, b: 1 }, 'the file does not have b'],
    [{ 'a.bias': 1, 'a.weight': 1 }, 'they are in another order'],
  ])('refuses a file of other columns: %j', async (norms, difference) => {
    const path = newPath();
    const before = await write(path);
    await expect(write(path, { append: true }, [updatesOf(norms)])).rejects.toThrow(
      `append: expected the columns of "${path}", got others (${difference}); choose another path, or leave append out`,
    );
    expect(text(path)).toBe(before);
  });
});

describe('what cannot be', () => {
  it('refuses options that are wrong', () => {
    const path = newPath();
    expect(() => csvSink('')).toThrow('path: expected the path of a file, got ""');
    expect(() => csvSink(path, { layout: 'tall' as 'long' })).toThrow(
      'layout: expected one of wide, tutorial, long; got "tall"',
    );
    expect(() => csvSink(path, { statistic: 'norm' as 'updateNorm' })).toThrow(
      /^statistic: expected one of updateNorm, /,
    );
    expect(() => csvSink(path, { layout: 'long', statistic: 'unchanged' })).toThrow(/^statistic: expected none with/);
    expect(existsSync(path)).toBe(false);
  });

  it('refuses a path that cannot be written, with the reason and the fix', () => {
    const file = newPath();
    writeFileSync(file, '');
    mkdirSync(join(folder, 'taken.csv'));
    expect(() => csvSink(join(folder, 'taken.csv'))).toThrow(
      /^path: expected a file that can be written, got ".*taken\.csv" \(EISDIR: .*\); that is a folder: name a file in it$/,
    );
    expect(() => csvSink(join(file, 'updates.csv'))).toThrow(/\((ENOTDIR|EEXIST): .*a part of the path is a file/);
  });

  it.runIf(existsSync('/dev/full'))('rejects when the disk is full', async () => {
    const sink = csvSink('/dev/full');
    sink.next(steps[0]!);
    await expect(sink.closed).rejects.toThrow(
      /^"\/dev\/full" could not be written further \(ENOSPC: .*\); the disk is full: free some space/,
    );
  });
});

function writer(path: string, ...args: string[]): ChildProcess & { steps: () => number } {
  const script = fileURLToPath(new URL('./endless-writer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data) => {
    said += data;
  });
  return Object.assign(child, { steps: () => Number(said.trimEnd().split('\n').at(-1)) });
}

const exit = (child: ChildProcess) =>
  new Promise<[number | null, string | null]>((resolve) => child.once('close', (...how) => resolve(how)));

/** The whole rows of a file: a kill within a write can tear what was being written. */
function rowsOf(path: string): Record<string, string>[] {
  return parse(text(path).slice(0, text(path).lastIndexOf('\r\n') + 2), { columns: true });
}

describe('when the process ends', () => {
  it.each([
    ['sync', 'wide', 'SIGINT'],
    ['sync', 'tutorial', 'SIGTERM'],
    ['async', 'long', 'SIGTERM'],
  ] as const)('a %s loop dies at once and has lost nothing: %s, %s', async (loop, layout, signal) => {
    const path = newPath();
    const child = writer(path, loop, layout);
    const ended = exit(child);
    child.stdout!.once('data', () => child.kill(signal));
    expect(await ended).toEqual([null, signal]);
    const rows = rowsOf(path);
    const steps = layout === 'long' ? Math.floor(rows.length / 40) : rows.length;
    expect(steps).toBeGreaterThanOrEqual(child.steps());
    if (layout === 'wide') expect(rows.map(({ step }) => Number(step))).toEqual(rows.map((_, i) => i + 1));
  });

  it("leaves the program's own handlers to themselves", async () => {
    const child = writer(newPath(), 'async', 'wide', 'handler');
    const ended = exit(child);
    child.stdout!.once('data', () => child.kill('SIGTERM'));
    expect(await ended).toEqual([7, null]);
  });

  it.runIf(process.platform === 'linux')('cuts back to whole rows when the disk takes no more', async () => {
    const path = newPath();
    const script = fileURLToPath(new URL('./endless-writer.ts', import.meta.url));
    // A limit of 64 blocks on the size of a file, with its signal ignored, is a disk that fills up in mid-row.
    const limited = `trap '' XFSZ; ulimit -f 64; exec "$0" --import tsx "$@"`;
    const child = spawn('bash', ['-c', limited, process.execPath, script, path, 'async', 'wide'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data) => {
      said += data;
    });
    expect(await exit(child)).toEqual([3, null]);
    expect(said).toMatch(/could not be written further \(EFBIG: .*\); the file may not grow further/);
    expect(text(path).endsWith('\r\n')).toBe(true);
    expect(64 * 1024 - statSync(path).size).toBeLessThan(1200);
    expect(rowsOf(path).length).toBeGreaterThan(50);
  });
});

it('leaves no handlers on the process, and warns of none', async () => {
  const counts = () => ['SIGINT', 'SIGTERM', 'exit', 'warning'].map((event) => process.listenerCount(event));
  const before = counts();
  const warnings: unknown[] = [];
  const warn = (warning: unknown) => warnings.push(warning);
  process.on('warning', warn);
  const sinks = Array.from({ length: 50 }, () => csvSink(newPath()));
  for (const sink of sinks) of(...steps).subscribe(sink);
  await Promise.all(sinks.map(({ closed }) => closed));
  await new Promise(setImmediate);
  process.off('warning', warn);
  expect(counts()).toEqual(before);
  expect(warnings).toEqual([]);
});
