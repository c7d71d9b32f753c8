import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** The package as it is published, installed in folders of their own. */
const folder = mkdtempSync(join(tmpdir(), 'trainscope-packed-'));
let tarball: string;

beforeAll(async () => {
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true }); // it is built anew
  await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT });
  const [name] = readdirSync(folder);
  tarball = join(folder, name!);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function install(name: string, packages: readonly string[]): Promise<string> {
  const home = join(folder, name);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--no-audit', '--no-fund', tarball, ...packages], { cwd: home });
  return home;
}

/** Run a program of TypeScript there, as whoever has installed the package would. */
async function runThere(home: string, name: string, program: string, args: readonly string[] = []) {
  const { code } = await transform(program, { loader: 'ts', format: 'esm' });
  writeFileSync(join(home, `${name}.js`), code);
  return run(process.execPath, [`${name}.js`, ...args], { cwd: home, maxBuffer: 2 ** 26 });
}

const example = (name: string) => readFileSync(join(ROOT, 'examples', name), 'utf8');

/** any-loop.ts, which also records what it does. */
function recordingLoop(): string {
  const program = example('any-loop.ts');
  const line = 'run.attach(updates$, consoleSink());';
  expect(program).toContain(line);
  return `import { merge } from 'rxjs';\nimport { jsonlSink } from 'trainscope/node';\n${program.replace(
    line,
    "run.attach(merge(run.events$, updates$), jsonlSink('results/run.jsonl'));",
  )}`;
}

describe('npm install trainscope rxjs', () => {
  let home: string;

  beforeAll(async () => {
    home = await install('alone', ['rxjs']);
    mkdirSync(join(home, 'results'));
    await runThere(home, 'record', recordingLoop());
  });

  const trainscope = (...args: string[]) => run(join(home, 'node_modules/.bin/trainscope'), args, { cwd: home });
  const file = (path: string) => readFileSync(join(home, path), 'utf8');

  it('brings no framework, and is small', () => {
    expect(existsSync(join(home, 'node_modules/rxjs'))).toBe(true);
    for (const scope of ['@tensorflow', '@opentelemetry', '@resvg', '@fontsource']) {
      expect([scope, existsSync(join(home, 'node_modules', scope))]).toEqual([scope, false]);
    }
    expect(megabytes(join(home, 'node_modules/trainscope'))).toBeLessThan(4);
    expect(megabytes(join(home, 'node_modules'))).toBeLessThan(15);
  });

  it('runs any-loop.ts as written', async () => {
    const { stdout, stderr } = await runThere(home, 'any-loop', example('any-loop.ts'));
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => /^Parameter linear\/(weight|bias) updated by: \d/.test(line))).toHaveLength(200);
    expect(lines[0]).toMatch(/^Parameter linear\/weight updated by: /);
    expect(stderr).toBe('');
  });

  it('has types that need nothing else', { timeout: 60_000 }, () => {
    const program = join(home, 'typed.ts');
    writeFileSync(program, `${example('any-loop.ts')}\nexport type { StreamRecord } from 'trainscope/testing';\n`);
    const found = ts.getPreEmitDiagnostics(
      ts.createProgram([program], {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: [],
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
      }),
    );
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('has trainscope/testing and trainscope/otel', async () => {
    const { stdout } = await runThere(
      home,
      'others',
      `import { of } from 'rxjs';
      import { topUpdates } from 'trainscope';
      import { otelSink } from 'trainscope/otel';
      import { scriptedUpdates } from 'trainscope/testing';
      const updates = scriptedUpdates({ updateNorm: [1, 3], weightNorm: [1, 2] }, { names: ['slow', 'fast'] });
      of(updates).pipe(topUpdates(1)).subscribe(({ names }) => console.log(names.join()));
      const sink = otelSink({ statistics: ['updateNorm'] });
      of(updates).subscribe(sink);
      await sink.closed;
      console.log('closed');`,
    );
    expect(stdout).toBe('fast\nclosed\n');
  });

  it('trainscope live serves the run on a page, until it is interrupted', async () => {
    const child = spawn(join(home, 'node_modules/.bin/trainscope'), ['live', 'results/run.jsonl'], { cwd: home });
    try {
      let url = '';
      for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
        url += text;
        if (url.endsWith('\n')) break;
      }
      const page = await fetch(url.trim());
      expect(page.status).toBe(200);
      expect(await page.text()).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/i);
      const events = await fetch(`${url.trim()}events`);
      let sent = '';
      for await (const chunk of events.body!) {
        sent += Buffer.from(chunk).toString();
        if (sent.includes('linear/weight')) break;
      }
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('trainscope serve takes runs, and says what metrics would need', async () => {
    const args = ['serve', 'runs', '--port', '0'];
    const child = spawn(join(home, 'node_modules/.bin/trainscope'), args, { cwd: home });
    try {
      let url = '';
      for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
        url += text;
        if (url.endsWith('\n')) break;
      }
      const session = { v: 2, type: 'session', session: 's', run: 'bert', rank: 0, world: 1 };
      const headers = { 'Content-Type': 'application/x-ndjson', 'Trainscope-Session': 's', 'Trainscope-Batch': '0' };
      const body = `${JSON.stringify(session)}\n`;
      const answer = await fetch(`${url.trim()}v1/records`, { method: 'POST', headers, body });
      expect(await answer.json()).toEqual({ run: 'bert', commands: [] });
      expect(await (await fetch(url.trim())).text()).toMatch(/^<!doctype html>/i);
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
    await expect(trainscope(...args, '--metrics')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run: npm install @opentelemetry/sdk-metrics'),
    });
  });

  it('trainscope report makes a page of the run', async () => {
    const { stdout } = await trainscope('report', 'results/run.jsonl');
    expect(stdout.trim()).toMatch(/results\/run\.html$/);
    expect(file('results/run.html')).toMatch(/<title>[^<]+<\/title>[\s\S]*id="data">[^<]{100,}</);
  });

  it('trainscope plot draws the run, as PNG with what it says', async () => {
    const { stderr } = await trainscope('plot', 'results/run.jsonl');
    expect(file('results/run.svg')).toContain('linear/weight');
    const [npm, ...args] = /npm install .*/.exec(stderr)![0].split(' ');
    await run(npm!, [...args, '--no-save', '--no-audit', '--no-fund'], { cwd: home });
    await trainscope('plot', 'results/run.jsonl');
    const png = readFileSync(join(home, 'results/run.png'));
    expect([png.subarray(1, 4).toString(), png.length > 5_000]).toEqual(['PNG', true]);
  });

  it('trainscope summary tells of the run', async () => {
    const { stdout } = await trainscope('summary', 'results/run.jsonl');
    expect(stdout).toMatch(/^any-loop {2}100 steps/);
    expect(stdout).toMatch(/^linear\/weight .*\d/m);
  });

  it('trainscope replay sends the run to CSV and TensorBoard, and says what OTLP would need', async () => {
    await trainscope('replay', 'results/run.jsonl', '--to', 'csv:updates.csv', '--to', 'tensorboard:tensorboard');
    const rows = file('updates.csv').trim().split('\r\n');
    expect([rows[0], rows.length]).toEqual(['step,linear/weight,linear/bias', 101]);
    expect(readdirSync(join(home, 'tensorboard'))).toEqual(['any-loop']);
    await expect(trainscope('replay', 'results/run.jsonl', '--to', 'otlp')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'run: npm install @opentelemetry/sdk-metrics @opentelemetry/resources @opentelemetry/exporter-metrics-otlp-proto',
      ),
    });
  });

  it('startMetrics says all that it needs', async () => {
    const { stdout } = await runThere(
      home,
      'metrics',
      `import { startMetrics } from 'trainscope/otel';
      await startMetrics({ exporter: 'prometheus', port: 0 }).catch(({ message }) => console.log(message));`,
    );
    const needed = ['sdk-metrics', 'resources', 'exporter-prometheus'].map((name) => `@opentelemetry/${name}`);
    expect(stdout.trim()).toBe(
      `startMetrics: expected ${needed.join(', ')} to be installed; run: npm install ${needed.join(' ')}`,
    );
  });

  it.each(['trainscope/tfjs', 'trainscope/trainer'])('%s names the package that it lacks', async (entry) => {
    const { stdout } = await runThere(
      home,
      'adapter',
      `await import(process.argv[2]!).catch(({ code, message }) => console.log(code, message));`,
      [entry],
    );
    expect(stdout).toMatch(/^ERR_MODULE_NOT_FOUND Cannot find package '@tensorflow\/tfjs-core'/);
  });
});

describe('the install line for TensorFlow.js', () => {
  it('names all that fit.ts needs', async () => {
    const [, packages] = /npm install trainscope rxjs (@tensorflow\/tfjs .*)/.exec(
      readFileSync(join(ROOT, 'README.md'), 'utf8'),
    )!;
    const home = await install('tfjs', ['rxjs', ...packages!.replace(/#.*/, '').trim().split(/\s+/)]);
    const { stdout } = await runThere(home, 'fit', example('fit.ts'));
    expect(stdout).toMatch(/^backend: wasm/);
    expect(stdout.match(/^Parameter (hidden|classifier)\/(kernel|bias) updated by: \d/gm)).toHaveLength(64);
  });
});

/** The size of all files in a folder, in 10⁶ bytes. */
function megabytes(path: string): number {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1e6;
}
