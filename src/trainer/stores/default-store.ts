/** Where checkpoints are unless the caller says otherwise. In a browser it is default-store.browser.ts. */
export { folderStore as defaultStore } from './folder-store.js';
