/**
 * What needs Node: files, servers, and the choice of a backend.
 *
 * @module
 */
export {};
