import type { Slices, Work } from '../../page/client/index.js';
import { type AnyRecord, isShown, type Recorder, RUNS_KEPT, type RunHistory } from '../../page/history/index.js';
import type { KeptRecords } from './kept-records.js';
import { RecordQueue } from './record-queue.js';
import { SharedNames } from './shared-names.js';

/** Records are collected for so long before they are put into the histories. */
const COLLECT_MS = 50;

export interface RecordingOptions {
  readonly kept: KeptRecords;
  readonly maxQueuedBytes: number;
  readonly slices: Slices;
  /** Called with the history that a record of this type has gone into. */
  readonly onHeard: (run: RunHistory, type: string) => void;
  /** Called when the histories have grown. */
  readonly onGrown: () => void;
  /** Told of what recording failed with. */
  readonly onError: (cause: unknown) => void;
  readonly signal: AbortSignal;
}

/** Puts records into their histories, later than they come and in slices: who brings one waits for nothing. */
export class Recording {
  /** Records that were left out, in all. */
  leftOut = 0;
  readonly #queue: RecordQueue;
  readonly #names = new SharedNames(RUNS_KEPT);
  #running: Promise<void> | undefined;

  constructor(
    private readonly recorder: Recorder,
    private readonly options: RecordingOptions,
  ) {
    this.#queue = new RecordQueue(options.maxQueuedBytes);
    options.signal.addEventListener('abort', () => this.#queue.clear());
  }

  take(record: AnyRecord): void {
    if (this.options.signal.aborted || !isShown(record)) return;
    this.#queue.push(this.#names.share(record));
    this.#running ??= this.#recordAll()
      .catch(this.options.onError)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when everything taken so far is in the histories, in a task of its own: whoever waits goes on in that. */
  async flush(): Promise<void> {
    if (!this.#running) return;
    const { slices } = this.options;
    const taken = slices.hurry();
    await this.#running;
    await slices.rest(0);
    taken();
  }

  async #recordAll(): Promise<void> {
    const { slices, onGrown } = this.options;
    while (this.#queue.length > 0) {
      await slices.rest(COLLECT_MS);
      await slices.run(this.#record());
      onGrown();
    }
  }

  /** What has come so far: what comes meanwhile waits for the drawing that was asked for. */
  *#record(): Work {
    for (let left = this.#queue.length; left > 0; left--) {
      const record = this.#queue.shift();
      if (!record) break;
      const history = this.recorder.take(record);
      if (history) this.options.onHeard(history, record.type);
      this.options.kept.push(record, history?.name ?? record.run);
      yield;
    }
    for (const { run, type, count } of this.#queue.takeLeftOut()) {
      this.leftOut += count;
      this.recorder.omit(run, type, count);
    }
  }
}
