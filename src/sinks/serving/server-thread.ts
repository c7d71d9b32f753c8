import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type TransferListItem,
  Worker,
} from 'node:worker_threads';
import type { Address, FirstReply, ThreadStart } from './thread-messages.js';

export interface ServerThreadParts<Options, Reply> {
  /** Said in messages: `the live page`. */
  readonly what: string;
  /** The bundle that calls `serveInThread()`. */
  readonly code: string;
  readonly options: Options;
  onReply(reply: Reply): void;
  /** It serves no more. */
  onEnd(cause: Error): void;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 2_000;

/**
 * A server with a thread of its own, seen from the loop's side: it answers while the loop keeps the main thread, and what
 * comes over the network cannot slow the loop. It does not keep a process alive.
 */
export class ServerThread<Options extends Address, Request, Reply> {
  readonly url: string;
  readonly #what: string;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #onEnd: (cause: Error) => void;
  readonly #exited: Promise<unknown>;
  #ended: Error | undefined;

  /** @throws Error when the port is taken or the address is not of this machine. */
  constructor({ what, code, options, onReply, onEnd }: ServerThreadParts<Options, Reply>) {
    this.#what = what;
    const { port1, port2 } = new MessageChannel();
    const started = new SharedArrayBuffer(4);
    const start: ThreadStart<Options> = { port: port2, started, options };
    this.#port = port1;
    this.#onEnd = onEnd;
    this.#worker = new Worker(code, { eval: true, workerData: start, transferList: [port2], execArgv: [] });
    this.#worker.on('error', (cause) => this.#end(new Error(`${what} failed`, { cause })));
    this.#exited = new Promise((resolve) => this.#worker.on('exit', resolve));
    void this.#exited.then(() => this.#end(this.#stopped()));
    this.url = this.#firstReply(what, options, new Int32Array(started));
    this.#port.on('message', onReply);
    this.keepAlive(false);
    this.#worker.unref();
  }

  /** Why it serves no more. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  post(request: Request, transfer: readonly TransferListItem[] = []): void {
    this.#port.postMessage(request, transfer);
  }

  /** Whether the process waits for its replies. */
  keepAlive(waits: boolean): void {
    if (waits) this.#port.ref();
    else this.#port.unref();
  }

  /** Keep the process alive until it is stopped. */
  linger(): void {
    this.#worker.ref();
  }

  async stop(): Promise<void> {
    this.#end(this.#stopped());
    await this.#exit();
  }

  #stopped(): Error {
    return new Error(`${this.#what} has been stopped`);
  }

  /**
   * Its port is closed, at which the thread closes its server and ends. One that does not is terminated: Node has crashed,
   * and a training with it, where a thread was terminated amid what it did (nodejs/node#38418).
   */
  async #exit(): Promise<void> {
    this.#port.close();
    this.#worker.ref();
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #end(cause: Error): void {
    if (this.#ended) return;
    this.#ended = cause;
    this.#onEnd(cause);
    this.#port.close();
  }

  /** Wait, without yielding, until the server listens: so a taken port is an error where the server is made. */
  #firstReply(what: string, { host, port }: Address, started: Int32Array): string {
    Atomics.wait(started, 0, 0, START_TIMEOUT_MS);
    const reply = receiveMessageOnPort(this.#port)?.message as FirstReply | undefined;
    if (reply?.kind === 'listening') return reply.url;
    this.#ended = reply ? cannotListen(host, port, reply.reason) : new Error(`${what}: its thread did not start`);
    void this.#exit();
    throw this.#ended;
  }
}

function cannotListen(host: string, port: number, reason: string): Error {
  const fix =
    reason === 'EADDRINUSE' ? 'choose another, or 0 for any that is free' : 'give a host address of this machine';
  return new Error(`port: expected one that can be listened on, got ${port} on ${host} (${reason}); ${fix}`);
}
