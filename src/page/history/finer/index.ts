/** Finer histories than a page has, for those who serve pages. */
export { FinerHistories } from './finer-histories.js';
export type { FinerHistory } from './finer-history.js';
