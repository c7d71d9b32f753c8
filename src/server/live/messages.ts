import type { MessagePort } from 'node:worker_threads';
import type { AnyRecord, PageFiles } from '../../page/index.js';

/** What the worker is started with. */
export interface WorkerStart {
  readonly port: MessagePort;
  /** `[0]` becomes 1 when the first reply is there; `[1]` adds up the costs of the records taken, in KiB. */
  readonly shared: SharedArrayBuffer;
  readonly files: PageFiles;
  readonly options: { readonly host: string; readonly port: number; readonly maxClients: number };
}

/** To the worker. A record of parameter updates comes without its names while they are those of its run's last one. */
export type Request =
  | { readonly kind: 'record'; readonly record: AnyRecord; readonly cost: number }
  | { readonly kind: 'omitted'; readonly run: string; readonly what: string }
  | { readonly kind: 'flush'; readonly id: number };

/** From the worker: first `listening` or `failed`. */
export type Reply =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'flushed'; readonly id: number };
