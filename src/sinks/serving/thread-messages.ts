import type { MessagePort } from 'node:worker_threads';

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** What a server's thread is started with. */
export interface ThreadStart<Options> {
  readonly port: MessagePort;
  /** `[0]` becomes 1 when the first reply is there. */
  readonly started: SharedArrayBuffer;
  readonly options: Options;
}

/** The first reply of a server's thread. `reason` is the system's code, such as `EADDRINUSE`, where there is one. */
export type FirstReply =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly reason: string };
