import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** In the project, where its packages are found. */
const JOB = fileURLToPath(new URL('../../../.cache/file-job/file-job.js', import.meta.url));

/** Make the script of `file-job.ts`: once, before the tests that start it. */
export async function buildJob(): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('./file-job.ts', import.meta.url))],
    outfile: JOB,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
}

export interface Job {
  readonly child: ChildProcess;
  /** The lines that it has said when it ends; it is killed where it takes too long. */
  readonly said: Promise<readonly string[]>;
  /** Its first line is there. */
  readonly ready: Promise<void>;
}

export function startJob(job: string, path = ''): Job {
  const child = spawn(process.execPath, [JOB, job, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  let text = '';
  const ready = new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
  child.stdout!.on('data', (data) => {
    text += data;
  });
  const said = new Promise<readonly string[]>((resolve) =>
    child.once('close', (_, signal) => {
      clearTimeout(timer);
      resolve([...text.split('\n').slice(0, -1), ...(signal ? [signal] : [])]);
    }),
  );
  return { child, said, ready };
}
