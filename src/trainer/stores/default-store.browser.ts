/** A page may be gone at any time, and so would be what it has in memory. */
export { indexedDbStore as defaultStore } from './indexed-db-store.js';
