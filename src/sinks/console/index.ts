/** The front door of sinks/console/: what other rooms use of it. */
export { consoleSink } from './console-sink.js';
export { shorten, threeDigits } from './format.js';
export { isOnStandardOutput } from './standard-output.js';
export type { ConsoleOutput } from './terminal.js';
