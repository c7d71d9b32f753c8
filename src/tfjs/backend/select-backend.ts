import { NODE_BACKENDS } from './node-backends.js';
import { type BackendName, type SelectBackendOptions, selectAmong } from './select-among.js';

/**
 * Put the best TensorFlow.js backend in place, patched: `tensorflow` where @tensorflow/tfjs-node is installed and loads,
 * else `wasm`, else `cpu`. The choice may be named, by the argument or by the environment variable TRAINSCOPE_BACKEND;
 * then it is that or an error.
 *
 * Patched means that kernels of the backend are replaced for the whole process, by `patchBackend()`, and stay so: asking
 * for the backend here asks for that. A program that wants a backend as it comes sets it with `tf.setBackend()`.
 *
 * Import `@tensorflow/tfjs` too: the core alone has neither gradients nor chained operations.
 *
 * In a browser it is another set: the best of `webgpu`, `webgl`, `wasm` and `cpu` that the page has imported.
 *
 * @returns the name of the backend in use.
 * @throws RangeError for another name; Error when the backend that was named cannot be had, with the reason.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs';
 * import { selectBackend } from 'trainscope/tfjs';
 *
 * await selectBackend(undefined, { say: console.log });
 * // backend: wasm (tensorflow: not installed; `npx trainscope native` does it)
 * ```
 */
export function selectBackend(choice?: BackendName, options: SelectBackendOptions = {}): Promise<BackendName> {
  return selectAmong(NODE_BACKENDS, choice, options);
}
