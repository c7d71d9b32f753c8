/**
 * TensorFlow.js in a browser: as `trainscope/tfjs`, with the backends that a browser has. Bundlers take it by the
 * package's export conditions.
 *
 * @module
 */
export { selectBackend } from './tfjs/backend/select-backend.browser.js';
export * from './tfjs/public.js';
