import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { selectBackend } from '../../src/node.js';

/** The backends that a test of numbers runs on: all that embed, or the one that TRAINSCOPE_BACKEND names. */
export const BACKENDS: readonly string[] = process.env.TRAINSCOPE_BACKEND
  ? [process.env.TRAINSCOPE_BACKEND]
  : ['cpu', 'wasm'];

/** Put a backend in place, mended, as users have it. */
export async function useBackend(name: string): Promise<void> {
  await selectBackend(name as 'cpu');
}

/** What TensorFlow.js holds now: equal before and after a training, or something leaks. */
export function held(): { numTensors: number; numDataBuffers: number } {
  const { numTensors, numDataBuffers } = tf.memory();
  return { numTensors, numDataBuffers };
}
