import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildKernels } from '../../../src/sinks/kernels/assembly/build.mjs';

it('the committed kernels of sinks are what their sources compile to', async () => {
  for (const [name, text] of Object.entries(await buildKernels())) {
    const path = fileURLToPath(new URL(`../../../src/sinks/kernels/${name}`, import.meta.url));
    expect(text === readFileSync(path, 'utf8'), name).toBe(true);
  }
});
