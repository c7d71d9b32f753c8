import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildKernel } from '../../../src/sinks/kernels/assembly/build.mjs';

it('the committed kernel of numerals is what its source compiles to', async () => {
  const path = fileURLToPath(new URL('../../../src/sinks/kernels/numerals-kernel.wasm.ts', import.meta.url));
  expect(await buildKernel()).toBe(readFileSync(path, 'utf8'));
});
