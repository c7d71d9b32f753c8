/** The real command, as a shell runs it. */
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { of } from 'rxjs';
import { csvSink } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { record } from '../helpers/recorded.js';
import { updatesOf } from '../helpers/updates.js';
import { event } from '../operators/fake-run.js';
import { otlpReceiver } from '../sinks/otel/otlp-receiver.js';
import { rowsOf, rowsOfFolder } from '../sinks/parquet/read-parquet.js';

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

function run(command: string, args: readonly string[], input?: Uint8Array): Promise<Ran> {
  const child = spawn(command, args, { cwd: folder, stdio: 'pipe' });
  // It may end before it has read all.
  child.stdin.on('error', () => {}).end(input);
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
      'Expected console[:style], csv:<file>, parquet:<folder>, tensorboard:<folder> or otlp[:<url>].',
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

describe('what is read is never written over', () => {
  beforeAll(() => {
    linkSync(join(folder, 'run.jsonl'), join(folder, 'hard.jsonl'));
    symlinkSync('run.jsonl', join(folder, 'soft.jsonl'));
    mkdirSync(join(folder, 'inner'));
    symlinkSync('.', join(folder, 'here'));
    writeFileSync(join(folder, 'drawn.svg'), readFileSync(join(folder, 'updates.csv')));
    writeFileSync(join(folder, 'other.csv'), 'mine');
  });

  it.each([
    ['run.jsonl', ['replay', 'run.jsonl', '--to', 'csv:run.jsonl']],
    ['run.jsonl', ['replay', 'run.jsonl', '--to', 'parquet:soft.jsonl']],
    ['run.jsonl', ['replay', 'run.jsonl', '--to', 'console', '--to', 'csv-long:inner/../run.jsonl']],
    ['run.jsonl', ['replay', 'run.jsonl', '--to', 'csv:hard.jsonl']],
    ['run.jsonl', ['replay', 'soft.jsonl', '--to', 'csv-tutorial:here/run.jsonl']],
    ['run.jsonl', ['report', 'run.jsonl', '-o', 'run.jsonl']],
    ['run.jsonl', ['report', 'here/run.jsonl', '-o', 'soft.jsonl']],
    ['drawn.svg', ['plot', 'drawn.svg']],
    ['drawn.svg', ['plot', 'drawn.svg', '-o', 'new.png', '-o', 'here/drawn.svg']],
  ])('%s: %j', async (file, args) => {
    const before = readFileSync(join(folder, file));
    const names = readdirSync(folder);
    const { code, stdout, stderr } = await trainscope(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^trainscope: output: expected a file of its own, got ".*", which is the input ".*"; choose/,
    );
    expect(readFileSync(join(folder, file)).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(names);
  });

  it('nor one output over the other, also where neither is there yet', async () => {
    const { code, stderr } = await trainscope(
      ...['replay', 'run.jsonl', '-t', 'csv:inner/new/u.csv', '-t', 'csv-long:here/inner/new/../new/u.csv'],
    );
    expect([code, existsSync(join(folder, 'inner/new'))]).toEqual([2, false]);
    expect(stderr).toContain('which is the output "inner/new/u.csv"; choose another path');
  });

  it.each([
    ['a file that is not there', ['none.jsonl', '--to', 'csv:other.csv']],
    ['what is no recorded run', ['updates.csv', '--to', 'csv:other.csv']],
    ['another target that there is not', ['run.jsonl', '--to', 'csv:other.csv', '--to', 'console:bars']],
  ])('nor anything for the sake of %s', async (_, args) => {
    expect((await trainscope('replay', ...args)).code).toBe(1);
    expect(readFileSync(join(folder, 'other.csv'), 'utf8')).toBe('mine');
  });
});

describe('a recorded run with damaged lines', () => {
  beforeAll(() => {
    const lines = readFileSync(join(folder, 'run.jsonl'), 'utf8').split('\n');
    writeFileSync(
      join(folder, 'damaged.jsonl'),
      [...lines.slice(0, 2), '\0\0', ...lines.slice(2, 5), '{"v":1,', ...lines.slice(5)].join('\n'),
    );
  });

  it.each([
    [['summary', 'damaged.jsonl']],
    [['plot', 'damaged.jsonl', '-o', 'damaged.svg']],
    [['report', 'damaged.jsonl']],
    [['replay', 'damaged.jsonl', '--to', 'csv:damaged.csv']],
  ])('is refused, and with --skip-damaged read: %j', async (args) => {
    const refused = await trainscope(...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^trainscope: damaged\.jsonl, line 3: expected a record of a run, got .*; --skip-damaged leaves such lines out\n$/,
    );
    const { code, stderr } = await trainscope(...args, '--skip-damaged');
    expect(code).toBe(0);
    expect(stderr).toContain('trainscope: 2 damaged lines of damaged.jsonl were skipped; the first is line 3\n');
  });
});

describe('summary', () => {
  it('reads standard input, packed or not, and says what it is in errors', async () => {
    const expected = (await trainscope('summary', 'run.jsonl')).stdout;
    const bytes = readFileSync(join(folder, 'run.jsonl'));
    const summary = (input: Uint8Array) => run(COMMAND[0]!, [...COMMAND.slice(1), 'summary', '-'], input);
    expect(await summary(bytes)).toEqual({ code: 0, stdout: expected, stderr: '' });
    expect((await summary(gzipSync(bytes))).stdout).toBe(expected);
    expect((await summary(readFileSync(join(folder, 'updates.csv')))).stdout).toContain('a.weight');
    expect((await summary(Buffer.from('{"v":1}\n'))).stderr).toMatch(/^trainscope: standard input, line 1: /);
  });

  it('gives JSON to programs', async () => {
    const { code, stdout } = await trainscope('summary', 'run.jsonl', '--json', '--top', '1');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      {
        runs: [
          {
            run: 'first',
            steps: 3,
            epoch: 0.3,
            durationMs: expect.any(Number),
            finished: false,
            end: null,
            loss: { first: 1, last: 1 / 3 },
            learningRate: { first: 0.1, last: 0.1 },
            evaluation: null,
            alerts: [],
            sinkErrors: [],
            parameters: {
              statistic: 'updateRatio',
              rows: [
                {
                  parameter: 'a.bias',
                  ...{ firstStep: 1, lastStep: 3, first: 0.5, last: 0.5, least: 0.5, most: 0.5 },
                  health: 'exploding',
                },
              ],
            },
          },
        ],
        skippedLines: 0,
      },
    ]);
    const csv = JSON.parse((await trainscope('summary', 'updates.csv', '--json')).stdout);
    expect(csv.parameters.statistic).toBeNull();
    expect(csv.parameters.rows[1]).toMatchObject({ parameter: 'a.bias', first: 1e-5, last: 0.25 });
    expect(csv.parameters.rows[0].last).toBeNull();
    expect(csv.$).toContainEqual(['NaN', 'parameters', 'rows', 0, 'last']);
  });

  it('shows the statistic that is asked for, by its name, or says that it is not there', async () => {
    const { stdout } = await trainscope('summary', 'run.jsonl', '-s', 'gradientNorm');
    expect(stdout).toMatch(/^parameter +first +last +least +most {2}gradient norm$/m);
    expect(stdout).toMatch(/^a\.bias +5\.00 +5\.00 +5\.00 +5\.00 /m);
    expect((await trainscope('summary', 'run.jsonl', '-s', 'stdRatio')).stderr).toMatch(
      /statistic: expected one of run\.jsonl at step 1 \(updateNorm, .*\), got "stdRatio"/,
    );
    const wide = await trainscope('summary', 'updates.csv', '-s', 'gradientNorm');
    expect([wide.code, wide.stdout]).toEqual([1, '']);
    expect(wide.stderr).toContain('statistic: expected none for updates.csv');
  });

  it('says that it left out a last row that may be torn', async () => {
    writeFileSync(join(folder, 'torn.csv'), 'a\n1\n2\n3');
    const { code, stdout, stderr } = await trainscope('summary', 'torn.csv');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/the last row of torn\.csv .* was left out/)]);
    expect(stdout).toMatch(/^a +1\.00 +2\.00 +1\.00 +2\.00 /m);
  });
});

it('plot writes at the axis what is true', async () => {
  const labelOf = async (...args: string[]) => {
    const { code, stderr } = await trainscope('plot', ...args, '-o', 'label.svg');
    if (code !== 0) throw new Error(stderr);
    return /aria-label="(.*) by Training Step"/.exec(readFileSync(join(folder, 'label.svg'), 'utf8'))![1];
  };
  const updates = [1, 2].map((step) => updatesOf({ a: step }, { step }));
  for (const layout of ['wide', 'tutorial'] as const) {
    const sink = csvSink(join(folder, 'gradient_norms.csv'), { layout, statistic: 'gradientNorm' });
    of(...updates).subscribe(sink);
    await sink.closed;
    expect(await labelOf('gradient_norms.csv')).toBe('Gradient Norms');
    await expect(labelOf('gradient_norms.csv', '-s', 'updateNorm')).rejects.toThrow('statistic: expected none');
  }
  expect(await labelOf('updates.csv', '--label', 'Parameter Update Norm')).toBe('Parameter Update Norm');
  expect(await labelOf('run.jsonl')).toBe('Parameter Update Norm');
  expect(await labelOf('run.jsonl', '-s', 'gradientNorm')).toBe('Parameter Gradient Norm');
});

/** The command where packages of these scopes are not installed. */
function trainscopeWithout(...scopes: readonly string[]): typeof trainscope {
  const bare = join(folder, `without-${scopes.join('-')}`);
  cpSync(BUILT, join(bare, 'dist', 'cli'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(bare, 'package.json'));
  mkdirSync(join(bare, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!scopes.includes(name)) symlinkSync(join(ROOT, 'node_modules', name), join(bare, 'node_modules', name));
  }
  return (...args) => run(process.execPath, [join(bare, 'dist', 'cli', 'main.js'), ...args]);
}

it('plot draws an SVG where what a PNG needs is not installed, and says what to install', async () => {
  const bare = trainscopeWithout('@resvg', '@fontsource');
  writeFileSync(join(folder, 'plain.csv'), readFileSync(join(folder, 'updates.csv')));
  const needed = '@resvg/resvg-wasm @fontsource/dejavu-sans';
  expect(await bare('plot', 'plain.csv')).toEqual({
    code: 0,
    stdout: 'plain.svg: 2 parameters, 2 steps\n',
    stderr: `trainscope: for a PNG, too: npm install ${needed}\n`,
  });
  expect(await bare('plot', 'plain.csv', '-o', 'other.svg', '-o', 'plain.png')).toEqual({
    code: 1,
    stdout: '',
    stderr: `trainscope: plot: expected ${needed.replace(' ', ', ')} to be installed; run: npm install ${needed}\n`,
  });
  expect(['plain.svg', 'other.svg', 'plain.png'].map((name) => existsSync(join(folder, name)))).toEqual([
    ...[true, false, false],
  ]);
});

it('replay to OTLP says what to install where the packages are not', async () => {
  writeFileSync(join(folder, 'kept.csv'), 'mine');
  const { code, stderr } = await trainscopeWithout('@opentelemetry')(
    ...['replay', 'run.jsonl', '--to', 'csv:kept.csv', '--to', 'otlp'],
  );
  expect([code, readFileSync(join(folder, 'kept.csv'), 'utf8')]).toEqual([1, 'mine']);
  expect(stderr).toMatch(
    /^trainscope: .*; run: npm install @opentelemetry\/sdk-metrics .*exporter-metrics-otlp-proto\n$/,
  );
});

it('plot draws standard input where it is told to, and under no name', async () => {
  const plot = (...args: string[]) =>
    run(COMMAND[0]!, [...COMMAND.slice(1), 'plot', '-', ...args], readFileSync(join(folder, 'updates.csv')));
  expect(await plot('-o', 'piped.svg')).toMatchObject({ code: 0, stdout: 'piped.svg: 2 parameters, 2 steps\n' });
  expect(readFileSync(join(folder, 'piped.svg'), 'utf8')).toContain('aria-label="Value by Training Step"');
  const before = readdirSync(folder);
  expect(await plot()).toMatchObject({
    code: 2,
    stderr: 'trainscope: output: expected one for standard input, got none; name a file: -o chart.svg\n',
  });
  expect(readdirSync(folder)).toEqual(before);
});

it('summary of an empty file expects no CSV more than a run', async () => {
  writeFileSync(join(folder, 'empty.jsonl'), '');
  expect((await trainscope('summary', 'empty.jsonl')).stderr).toBe(
    'trainscope: empty.jsonl: expected a recorded run or a CSV file, got an empty file\n',
  );
});

it('plot draws beside the file', async () => {
  const { code, stdout } = await trainscope('plot', 'updates.csv');
  expect([code, stdout]).toEqual([0, 'updates.svg updates.png: 2 parameters, 2 steps\n']);
  expect(readFileSync(join(folder, 'updates.png')).subarray(1, 4).toString()).toBe('PNG');
});

it.each([
  ['replay', 'hostile.jsonl', '--to', 'console'],
  ['summary', 'hostile.csv'],
])('%s shows the control characters of what it quotes of a file, and sends none', async (...args) => {
  writeFileSync(join(folder, 'hostile.jsonl'), '\u001b]0;mine\u0007\u009b2J not json\n');
  writeFileSync(join(folder, 'hostile.csv'), 'step,w\n1,\u009b2J\n');
  const { code, stderr } = await trainscope(...args);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^trainscope: hostile\.\w+, line \d.*�.*\n$/)]);
  expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
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

it('replay makes a folder of Parquet files, and leaves one of others alone', async () => {
  const { code, stderr } = await trainscope('replay', 'run.jsonl', '--to', 'parquet:runs/first');
  expect([code, stderr]).toEqual([0, 'trainscope: 6 records of run.jsonl\n']);
  expect(readdirSync(join(folder, 'runs/first'))).toEqual(['part-00000.parquet']);
  const rows = await rowsOfFolder(join(folder, 'runs/first'));
  expect(rows.map(({ step, parameter, update_norm }) => [Number(step), parameter, update_norm])).toEqual(
    [1, 2, 3].flatMap((step) => [
      [step, 'a.weight', 1e-3 * step],
      [step, 'a.bias', 0.5],
    ]),
  );
  writeFileSync(join(folder, 'runs/first/mine.parquet'), 'mine');
  const refused = await trainscope('replay', 'run.jsonl', '--to', 'parquet:runs/first');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('mine.parquet", which holds something else');
  expect(await rowsOf(join(folder, 'runs/first/part-00000.parquet'))).toEqual(rows);
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
