/**
 * TensorFlow.js: observe whatever trains with one of its optimizers, and choose its backend.
 *
 * @module
 */
export { selectBackend } from './tfjs/backend/select-backend.js';
export * from './tfjs/public.js';
