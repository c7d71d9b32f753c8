import { type MessagePort, workerData } from 'node:worker_threads';
import type { FirstReply, ThreadStart } from './thread-messages.js';

/** A server in its thread, once it listens. */
export interface Serving<Request> {
  readonly url: string;
  /** Takes what the loop's side posts. */
  take(request: Request): void;
  /** Let go of all that keeps the thread alive. */
  close(): void;
}

/**
 * Open the server that this thread is for, and tell the loop's side, which waits, whether it listens. When that side closes
 * its port the server closes, too, and the thread ends by itself.
 */
export async function serveInThread<Options, Request>(
  open: (options: Options, port: MessagePort) => Promise<Serving<Request>>,
): Promise<void> {
  const { port, started, options } = workerData as ThreadStart<Options>;
  const reply = (first: FirstReply) => port.postMessage(first);
  try {
    const { url, take, close } = await open(options, port);
    port.on('message', take).on('close', close);
    reply({ kind: 'listening', url });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    reply({ kind: 'failed', reason: code ?? message });
  }
  const flag = new Int32Array(started);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
}
