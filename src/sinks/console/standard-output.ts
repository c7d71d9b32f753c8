import type { ConsoleOutput } from './terminal.js';

/** The console of a browser, where there is no standard output. */
const browserConsole: ConsoleOutput = { write: (text) => console.log(text.replace(/\n$/, '')) };

/** The sinks that draw there. */
const drawing = new WeakSet<object>();

/** Standard output in Node, the console elsewhere. */
export function standardOutput(): ConsoleOutput {
  const stdout = (globalThis as { process?: { stdout?: ConsoleOutput } }).process?.stdout;
  return stdout?.write ? stdout : browserConsole;
}

/** Note where a sink draws. Gives the sink. */
export function drawingOn<S extends object>(sink: S, output: ConsoleOutput): S {
  if (output === standardOutput()) drawing.add(sink);
  return sink;
}

/** Whether it draws on standard output: two that draw there in place would garble each other. */
export function isOnStandardOutput(follower: object): boolean {
  return drawing.has(follower);
}
