import { getBackend } from '@tensorflow/tfjs-core';
import type { BlockProgram } from './block-task.js';
import { webglProgram } from './webgl-program.js';
import { webgpuProgram } from './webgpu-program.js';

/** The programs for the device in use; undefined where there are none, so that values are read. */
export function blockProgram(): BlockProgram | undefined {
  if (getBackend() === 'webgl') return webglProgram();
  return getBackend() === 'webgpu' ? webgpuProgram() : undefined;
}
