/**
 * TensorFlow.js: observe whatever trains with one of its optimizers, and choose its backend.
 *
 * @module
 */
export { type ActivationsOptions, activations } from './tfjs/activations.js';
export { patchBackend } from './tfjs/backend/patch-backend.js';
export { type BackendName, type SelectBackendOptions, selectBackend } from './tfjs/backend/select-backend.js';
export type { FitCallbacks, FitPlan } from './tfjs/fit-callbacks.js';
export { type InstrumentOptions, instrument, type Training } from './tfjs/instrument.js';
export type { CommandHandlers } from './tfjs/loop-control.js';
export type { NamedParameter } from './tfjs/parameter-names.js';
export type { Target } from './tfjs/target.js';
