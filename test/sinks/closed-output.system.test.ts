import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

it.each(['slow', 'fast'])('a training whose output is closed goes on, and says once that it is (%s)', async (pace) => {
  const child = spawn(
    process.execPath,
    ['--import', path('../../node_modules/tsx/dist/esm/index.mjs'), path('./closed-output-job.ts'), pace],
    { stdio: 'pipe', env: { ...process.env, TSX_TSCONFIG_PATH: path('../../tsconfig.json') } },
  );
  const said = text(child.stderr);
  const ended = once(child, 'exit');
  const [line] = await once(child.stdout, 'data');
  expect(String(line)).toMatch(/^Parameter weight updated by: 0\.1/);
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.stdin.end();
  expect([await ended, JSON.parse((await said).split('\n').at(-1)!)]).toEqual([
    [0, null],
    { steps: 5, told: ['consoleSink failed and was detached: write EPIPE'], left: 0 },
  ]);
});
