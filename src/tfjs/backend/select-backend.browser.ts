import { findBackendFactory, setBackend } from '@tensorflow/tfjs-core';
import { type BackendName, type Candidate, type SelectBackendOptions, selectAmong } from './select-among.js';
import { checkTraining } from './select-check-training.js';

/** What a browser has, best first. A page brings what it imports: nothing is loaded here. */
const BROWSER_BACKENDS: readonly Candidate[] = (['webgpu', 'webgl', 'wasm', 'cpu'] as const).map((name) => ({
  name,
  fix: `import '@tensorflow/tfjs-backend-${name}' in the page`,
  check: checkTraining,
  async use() {
    if (!findBackendFactory(name)) throw new Error('not imported');
    return setBackend(name);
  },
}));

/**
 * As `selectBackend()` for Node, with a browser's set: the best of `webgpu`, `webgl`, `wasm` and `cpu` that the page has
 * imported and that trains. A step of training is made on each that is tried, and has to come out as it does on paper: a
 * driver that throws or computes NaN is passed over, and the reason is said.
 */
export function selectBackend(choice?: BackendName, options: SelectBackendOptions = {}): Promise<BackendName> {
  return selectAmong(BROWSER_BACKENDS, choice, options);
}
