import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileKernel } from '../../../parameters/kernels/assembly/compile.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** The text of adamw-kernel.wasm.ts. */
export const buildKernel = () => compileKernel('trainer/kernels/assembly/adamw.ts', 'ADAMW_KERNEL');

if (process.argv[1] === here('build.mjs')) writeFileSync(here('../adamw-kernel.wasm.ts'), await buildKernel());
