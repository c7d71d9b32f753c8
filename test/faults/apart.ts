import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Fault, titleOf } from './fault.js';
import type { Outcome } from './hold.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOADER = `${ROOT}node_modules/tsx/dist/esm/index.mjs`;
const JOB = `${ROOT}test/faults/apart-job.ts`;
const LONGEST_MS = 120_000;

/** Hold a fault in a process of its own, which has the surroundings that the fault asks for. */
export async function holdApart(fault: Fault): Promise<Outcome[]> {
  const { stdout = 'closed', openFiles } = fault.apart!;
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
  const child = spawn(
    'bash',
    ['-c', `${limit}exec "$0" "$@"`, process.execPath, '--import', LOADER, JOB, titleOf(fault)],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, TSX_TSCONFIG_PATH: `${ROOT}tsconfig.json` },
    },
  );
  if (stdout === 'closed') child.stdout!.destroy();
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
  const [said, complaints] = await Promise.all([text(child.stdio[3] as Readable), text(child.stderr!)]);
  clearTimeout(timer);
  // Never read, and let go of when the process has ended.
  child.stdout!.destroy();
  if (said === '') throw new Error(`the process of ${titleOf(fault)} ended:\n${complaints}`);
  return JSON.parse(said) as Outcome[];
}
