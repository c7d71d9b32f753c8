import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileKernel } from './compile.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** The text of update-kernel.wasm.ts. */
export const buildKernel = () => compileKernel('parameters/kernels/assembly/kernel.ts', 'UPDATE_KERNEL');

if (process.argv[1] === here('build.mjs')) writeFileSync(here('../update-kernel.wasm.ts'), await buildKernel());
