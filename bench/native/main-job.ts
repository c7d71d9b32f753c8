import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quick } from '../quick.js';
import { table } from '../report.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How long a backend may take before it is stopped and the rest reckoned from the steps it made. */
const PATIENCE_S = quick ? 20 : 120;

/** The program that `npm start` runs, on each backend in turn. */
export async function mainJob(): Promise<string> {
  const rows: string[][] = [];
  let total = 0;
  for (const backend of ['tensorflow', 'wasm', 'cpu']) {
    const { seconds, steps, ended } = await run(backend);
    if (ended) total = steps;
    // The first backend that ends says how many steps there are.
    const whole = ended ? seconds : (seconds / steps) * total;
    const note = ended ? 'to its end' : `reckoned from ${steps} steps in ${seconds.toFixed(0)} s`;
    rows.push([backend, total > 0 ? whole.toFixed(0) : '–', ((seconds * 1000) / steps).toFixed(0), note]);
    console.error(`    ${rows.at(-1)!.join('  ')}`);
  }
  return table(['backend', 'seconds', 'ms a step, all told', 'how'], rows);
}

async function run(backend: string): Promise<{ seconds: number; steps: number; ended: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-main-'));
  const begin = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'examples/bert-sst2/start.ts')],
    {
      cwd: folder,
      env: { ...process.env, TRAINSCOPE_BACKEND: backend, TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const timer = setTimeout(() => child.kill(), PATIENCE_S * 1000);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  const seconds = (performance.now() - begin) / 1000;
  const csv = join(folder, 'results/parameter_updates.csv');
  const steps = existsSync(csv) ? readFileSync(csv, 'utf8').trim().split('\n').length - 1 : 0;
  rmSync(folder, { recursive: true });
  if (code !== 0 && code !== null) throw new Error(`the main job on ${backend} ended with ${code}`);
  return { seconds, steps, ended: code === 0 };
}
