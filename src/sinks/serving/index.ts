/** The front door of sinks/serving/: what other rooms use of it. */
export { isForeignOrigin, isOwnHost, LIMITS } from './http-guard.js';
export { listen } from './listen.js';
export { serveInThread } from './serve-in-thread.js';
export { ServerThread } from './server-thread.js';
