/**
 * TensorFlow.js: observe whatever trains with one of its optimizers, and choose its backend.
 *
 * @module
 */
export { type ActivationsOptions, activations } from './tfjs/activations.js';
export { patchBackend } from './tfjs/backend/patch-backend.js';
export { type BackendName, type SelectBackendOptions, selectBackend } from './tfjs/backend/select-backend.js';
export type { FitCallbacks, YieldEvery } from './tfjs/fit-callbacks.js';
export { instrument } from './tfjs/instrument.js';
export type { NamedParameter } from './tfjs/parameter-names.js';
export type { Target } from './tfjs/target.js';
export type { InstrumentOptions, Training } from './tfjs/training.js';
