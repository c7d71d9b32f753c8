/**
 * What needs Node: files, servers, and the choice of a backend.
 *
 * @module
 */
export { type BackendName, type SelectBackendOptions, selectBackend } from './backend/select-backend.js';
