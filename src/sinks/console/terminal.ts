/** Where text goes: `process.stdout`, or anything like it. */
export interface ConsoleOutput {
  write(text: string, written?: () => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** What is not written yet, of a Node stream. */
  readonly writableLength?: number;
  /** How a Node stream tells that it is gone: the other end of a pipe, say. */
  on?(event: 'error', listener: (cause: unknown) => void): unknown;
  off?(event: 'error', listener: (cause: unknown) => void): unknown;
}

/** Lines that stay, above a few that are drawn again in place. Printing and drawing throw once the output is gone. */
export class Terminal {
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
    if (lines.length > 0) this.#write(`${this.#erase()}${lines.join('\n')}\n`);
  }

  /** Draw lines in the place of those drawn before. */
  draw(lines: readonly string[]): void {
    const erase = this.#erase();
    this.#drawn = lines.length;
    this.#write(`${erase}${lines.join('\n')}\n`);
  }

  /** Resolves when everything is written. @throws what the output failed with, if it did. */
  async written(): Promise<void> {
    const { output } = this;
    if (this.#listening) {
      await new Promise<void>((resolve) => {
        // A stream tells of its failure a moment after the write.
        const later = () => void setTimeout(resolve);
        if (output.writableLength) output.write('', later);
        else later();
      });
    }
    if (this.#lost) throw this.#lost.cause;
  }

  /** What is drawn now stays. Once it is written, what fails in the output is not ours. @throws as `written()`. */
  async close(): Promise<void> {
    this.#drawn = 0;
    try {
      await this.written();
    } finally {
      this.output.off?.('error', this.#onError);
      this.#listening = false;
    }
  }

  readonly #onError = (cause: unknown): void => {
    this.#lost ??= { cause };
  };

  #write(text: string): void {
    if (this.#lost) throw this.#lost.cause;
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
