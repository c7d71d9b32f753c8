import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileKernel } from '../../../parameters/kernels/assembly/compile.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** The text of numerals-kernel.wasm.ts. */
export const buildKernel = () => compileKernel('sinks/kernels/assembly/numerals.ts', 'NUMERALS_KERNEL');

if (process.argv[1] === here('build.mjs')) writeFileSync(here('../numerals-kernel.wasm.ts'), await buildKernel());
