import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { selectBackend } from '../../src/tfjs.js';

/**
 * The backends that a test of numbers runs on: all that embed, or the one that the environment variable
 * TRAINSCOPE_BACKEND names (`tensorflow`, after `npm run native`).
 */
export const BACKENDS: readonly string[] = process.env.TRAINSCOPE_BACKEND
  ? [process.env.TRAINSCOPE_BACKEND]
  : ['cpu', 'wasm'];

/** The backend of a test that trains and does not ask on which: the quickest to start, or the one that is named. */
export const BACKEND = BACKENDS[0]!;

/** Put a backend in place, patched, as users have it. */
export async function useBackend(name: string = BACKEND): Promise<void> {
  await selectBackend(name as 'cpu');
}

/** What TensorFlow.js holds now: equal before and after a training, or something leaks. */
export function held(): { numTensors: number; numDataBuffers: number } {
  const { numTensors, numDataBuffers } = tf.memory();
  return { numTensors, numDataBuffers };
}
