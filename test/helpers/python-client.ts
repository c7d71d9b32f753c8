import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { pythonWith } from './python.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A Python with PyTorch and transformers: one that is there already (`TRAINSCOPE_TORCH`), or one made for the purpose. */
export function pythonWithTorch(): string {
  return process.env.TRAINSCOPE_TORCH ?? pythonWith('torch>=2.4', 'transformers>=5,<6', 'accelerate');
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Expects that a program has ended without an error; what it said is shown otherwise. */
export function expectWell({ code, output, errors }: Ended): void {
  expect(code, `${output}\n${errors}`).toBe(0);
}

/** A Python program that has the client, by its arguments. */
export function startPython(
  python: string,
  args: readonly string[],
  {
    cwd,
    url,
    env = {},
  }: { readonly cwd: string; readonly url?: string; readonly env?: Readonly<Record<string, string>> },
) {
  const child = spawn(python, args, {
    cwd,
    env: {
      ...process.env,
      PYTHONPATH: [join(ROOT, 'python/src'), join(ROOT, 'python/tests'), join(ROOT, 'examples')].join(':'),
      OMP_NUM_THREADS: '1',
      ...(url !== undefined && { TRAINSCOPE_URL: url }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said.errors += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  return { child, said, ended };
}
