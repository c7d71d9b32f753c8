import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileKernel } from '../../../parameters/kernels/assembly/compile.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** The generated modules' texts, by their names. */
export const buildKernels = async () => ({
  'crc32c-kernel.wasm.ts': await compileKernel('sinks/kernels/assembly/crc32c.ts', 'CRC32C_KERNEL'),
  'numerals-kernel.wasm.ts': await compileKernel('sinks/kernels/assembly/numerals.ts', 'NUMERALS_KERNEL'),
});

if (process.argv[1] === here('build.mjs')) {
  for (const [name, text] of Object.entries(await buildKernels())) writeFileSync(here(`../${name}`), text);
}
