import type { CheckpointStore } from '../stores/checkpoint-store.js';
import { retried } from './retried.js';

/** The lock of a training on its `outputDir`: taken once, when it is needed, and let go of at the end. */
export class OutputLock {
  #release: (() => Promise<void>) | undefined;

  constructor(
    private readonly store: CheckpointStore,
    private readonly outputDir: string,
    private readonly run: string,
  ) {}

  /** @throws Error where another training writes there, or it cannot be written to. */
  async take(): Promise<void> {
    if (this.#release) return;
    this.#release = await retried(() => this.store.lock(this.outputDir, this.run));
  }

  /** What cannot be removed now is nobody's when the process is gone. */
  async release(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.().catch(() => {});
  }
}
