/** Where text goes: `process.stdout`, or anything like it. */
export interface ConsoleOutput {
  /** Print a text as it is; `written` is called when it has gone out, where the output can tell. */
  write(text: string, written?: () => void): unknown;
  /** Whether somebody looks at it, so that lines may be drawn over. Default: false. */
  readonly isTTY?: boolean | undefined;
  /** Characters in a line. Default: 80. */
  readonly columns?: number | undefined;
  /** Lines that are seen at once. Default: 24. */
  readonly rows?: number | undefined;
  /** What is not written yet, of a Node stream. */
  readonly writableLength?: number;
  /** How a Node stream tells that it is gone: the other end of a pipe, say. */
  on?(event: 'error', listener: (cause: unknown) => void): unknown;
  /** Take back what `on` was told. */
  off?(event: 'error', listener: (cause: unknown) => void): unknown;
}

/** Characters that may wait for an output that takes none, such as a pipe whose reader has stopped. */
const MOST_WAITING = 1024 * 1024;
/** What waits is given up when nothing of it has been taken for so long. */
const PATIENCE_MS = 5_000;

/**
 * Lines that stay, above a few that are drawn again in place. Printing and drawing throw once the output is gone. While it
 * takes nothing, lines are left out rather than kept without end; how many, it says as soon as it can.
 */
export class Terminal {
  #leftOut = 0;
  #leftOutInAll = 0;
  #drawn = 0;
  #listening = false;
  #lost: { readonly cause: unknown } | undefined;

  constructor(private readonly output: ConsoleOutput) {}

  /** Columns and rows to draw in; one column is left, for terminals that wrap a full line. */
  get size(): { readonly width: number; readonly height: number } {
    return { width: (this.output.columns ?? 80) - 1, height: this.output.rows ?? 24 };
  }

  /** Print lines that stay; what was drawn moves below when it is drawn next. */
  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#isFull()) this.#leaveOut(lines.length);
    else this.#write(`${this.#erase()}${this.#told()}${lines.join('\n')}\n`);
  }

  /** Draw lines in the place of those drawn before. */
  draw(lines: readonly string[]): void {
    // The next drawing shows the same, and more.
    if (this.#isFull()) return;
    const begin = `${this.#erase()}${this.#told()}`;
    this.#drawn = lines.length;
    this.#write(`${begin}${lines.join('\n')}\n`);
  }

  /** Resolves when everything is written. @throws what the output failed with, if it did. */
  async written(): Promise<void> {
    if (this.#listening) await this.#taken();
    if (this.#lost) throw this.#lost.cause;
  }

  /**
   * What is drawn now stays. Once it is written, what fails in the output is not ours. @throws as `written()`, and Error
   * with the number of lines that were left out.
   */
  async close(): Promise<void> {
    this.#drawn = 0;
    try {
      await this.written();
      if (this.#leftOutInAll > 0) throw new Error(leftOutText(this.#leftOutInAll));
    } finally {
      this.output.off?.('error', this.#onError);
      this.#listening = false;
    }
  }

  /** Resolves when the output has what it was given, or has told of its failure. */
  async #taken(): Promise<void> {
    const { output } = this;
    let waiting = output.writableLength ?? 0;
    let since = performance.now();
    while (waiting > 0 && !this.#lost) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      const now = output.writableLength ?? 0;
      if (now !== waiting) since = performance.now();
      waiting = now;
      if (performance.now() - since > PATIENCE_MS) {
        throw new Error(`the output takes nothing: ${waiting} characters are left${this.#leftOutToo()}`);
      }
    }
    // A stream tells of its failure a moment after the write.
    await new Promise((resolve) => setTimeout(resolve));
  }

  #leftOutToo(): string {
    return this.#leftOutInAll > 0 ? `, and ${leftOutText(this.#leftOutInAll)}` : '';
  }

  #isFull(): boolean {
    if (this.#lost) throw this.#lost.cause;
    return (this.output.writableLength ?? 0) > MOST_WAITING;
  }

  #leaveOut(lines: number): void {
    this.#leftOut += lines;
    this.#leftOutInAll += lines;
  }

  /** The line that says how many are missing here. */
  #told(): string {
    const told = this.#leftOut > 0 ? `… ${leftOutText(this.#leftOut)}\n` : '';
    this.#leftOut = 0;
    return told;
  }

  readonly #onError = (cause: unknown): void => {
    this.#lost ??= { cause };
  };

  #write(text: string): void {
    if (!this.#listening && this.output.on) {
      this.output.on('error', this.#onError);
      this.#listening = true;
    }
    this.output.write(text);
  }

  #erase(): string {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[0J` : '';
    this.#drawn = 0;
    return up;
  }
}

function leftOutText(lines: number): string {
  return `${lines} ${lines === 1 ? 'line was' : 'lines were'} left out: the output took no more`;
}
