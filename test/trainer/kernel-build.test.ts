import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildKernel } from '../../src/trainer/kernels/assembly/build.mjs';

it('the committed AdamW kernel is what its source compiles to', async () => {
  const committed = readFileSync(
    fileURLToPath(new URL('../../src/trainer/kernels/adamw-kernel.wasm.ts', import.meta.url)),
    'utf8',
  );
  expect(await buildKernel()).toBe(committed);
});
