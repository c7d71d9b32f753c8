/** The front door of sinks/: what other rooms use of it. */
export { createSink } from './create-sink.js';
export { requireRecord } from './require-record.js';
export { isForeignOrigin, isOwnHost, LIMITS } from './serving/http-guard.js';
export { listen } from './serving/listen.js';
export { serveInThread } from './serving/serve-in-thread.js';
export { ServerThread } from './serving/server-thread.js';
export { snakeCase } from './snake-case.js';
export { wholeRecords } from './whole-records.js';
