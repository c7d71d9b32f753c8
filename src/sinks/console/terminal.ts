/** Where text goes: `process.stdout`, or anything like it. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Standard output in Node, the console elsewhere. */
export function standardOutput(): Output {
  const stdout = (globalThis as { process?: { stdout?: Output } }).process?.stdout;
  return stdout?.write ? stdout : { write: (text) => console.log(text.replace(/\n$/, '')) };
}

/** Lines that stay, above a few that are drawn again in place. */
export class Terminal {
  #drawn = 0;

  constructor(private readonly output: Output) {}

  /** Columns and rows to draw in; one column is left, for terminals that wrap a full line. */
  get size(): { readonly width: number; readonly height: number } {
    return { width: (this.output.columns ?? 80) - 1, height: this.output.rows ?? 24 };
  }

  /** Print lines that stay; what was drawn moves below when it is drawn next. */
  print(lines: readonly string[]): void {
    if (lines.length > 0) this.output.write(`${this.#erase()}${lines.join('\n')}\n`);
  }

  /** Draw lines in the place of those drawn before. */
  draw(lines: readonly string[]): void {
    const erase = this.#erase();
    this.#drawn = lines.length;
    this.output.write(`${erase}${lines.join('\n')}\n`);
  }

  /** What is drawn now stays. */
  settle(): void {
    this.#drawn = 0;
  }

  #erase(): string {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[0J` : '';
    this.#drawn = 0;
    return up;
  }
}
