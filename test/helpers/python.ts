import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KEPT } from './kept.js';

/**
 * The Python of a throw-away virtual environment with these packages, pinned (`pandas==2.2.3`). Made once per set of
 * packages and version of Python, and kept; one that was left half made is made anew.
 */
export function pythonWith(...packages: readonly string[]): string {
  const version = run('python3', ['--version'], 'Python 3').trim();
  const name = createHash('sha256')
    .update([version, ...packages].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const folder = join(KEPT, 'python', name);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python) && existsSync(join(folder, 'complete'))) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  run('python3', ['-m', 'venv', folder], 'Python 3 with its venv module');
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], packages.join(', '));
  mkdirSync(join(folder, 'complete'));
  return python;
}

/** What a Python program prints, given the environment's packages. */
export function runPython(python: string, program: string, args: readonly string[] = [], cwd?: string): string {
  return execFileSync(python, ['-c', program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, MPLBACKEND: 'Agg' },
    maxBuffer: 1 << 28,
    ...(cwd !== undefined && { cwd }),
  });
}

function run(command: string, args: readonly string[], needed: string): string {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (cause) {
    throw new Error(`this test needs ${needed}, which could not be installed`, { cause });
  }
}
