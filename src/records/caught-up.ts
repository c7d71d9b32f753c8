import { statSync } from 'node:fs';

/** Without a record for so long, what was read of packed files, or of those of several ranks, has all come. */
const QUIET_MS = 250;

/** Calls back once: when all that a file had has been taken, with the milliseconds since it was written to. */
export class CaughtUp {
  #takenAt: number | undefined;
  #isAtOnce = true;
  #isOver = false;

  constructor(
    private readonly file: string,
    private readonly then: (idleMs: number) => void,
  ) {}

  /** A record has been taken. `isAtOnce`: nothing beyond it is read until the next is asked for. */
  taken(isAtOnce: boolean): void {
    if (this.#isOver) return;
    this.#takenAt = performance.now();
    this.#isAtOnce = isAtOnce;
  }

  /** There is no more to be read now. */
  end(): void {
    if (this.#isOver || this.#takenAt === undefined) return;
    if (!this.#isAtOnce && performance.now() - this.#takenAt < QUIET_MS) return;
    this.#isOver = true;
    const { mtimeMs = Date.now() } = statSync(this.file, { throwIfNoEntry: false }) ?? {};
    this.then(Date.now() - mtimeMs);
  }
}
