import type { AnyRecord, PageFiles } from '../../page/index.js';

/** What the page's thread is started with. */
export interface LiveOptions {
  readonly host: string;
  readonly port: number;
  readonly maxClients: number;
  readonly files: PageFiles;
  /** Recorded runs that the thread itself reads, and follows as they grow. */
  readonly follows?: readonly FollowedRun[];
  /** `[0]` adds up the costs of the records taken, in KiB. */
  readonly taken: SharedArrayBuffer;
}

/** A recorded run, and the name under which it is shown. */
export interface FollowedRun {
  readonly run: string;
  readonly file: string;
}

/** To the thread. A record of parameter updates comes without its names while they are those of its run's last one. */
export type Request =
  | { readonly kind: 'records'; readonly records: readonly AnyRecord[]; readonly cost: number }
  | { readonly kind: 'omitted'; readonly run: string; readonly what: string }
  | { readonly kind: 'reading'; readonly run: string }
  | { readonly kind: 'read'; readonly run: string; readonly idleMs: number }
  | { readonly kind: 'flush'; readonly id: number };

/** From the thread: it has taken and shown what came before the flush. */
export interface Reply {
  readonly kind: 'flushed';
  readonly id: number;
}
