/** Where the lines go: a terminal shows each step's seconds as they pass, anything else gets whole lines. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Numbered steps, one line each: what is done, then what came of it and how long it took. */
export class Progress {
  #number = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly steps: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  line(text: string): void {
    this.terminal.write(`${text}\n`);
  }

  /** Steps that are not needed keep their numbers. */
  skip(steps: number): void {
    this.#number += steps;
  }

  /**
   * @param name what is done, such as `library`
   * @param work resolves to what came of it; it may say meanwhile how far it is
   */
  async step(name: string, work: (say: (text: string) => void) => Promise<string>): Promise<void> {
    const head = `[${++this.#number}/${this.steps}] ${name.padEnd(9)} `;
    const begin = this.now();
    const seconds = () => `${((this.now() - begin) / 1000).toFixed(0)} s`;
    let said = '…';
    const draw = () => {
      if (this.terminal.isTTY) this.terminal.write(`\r\x1b[K${head}${said}, ${seconds()}`);
    };
    const timer = setInterval(draw, 1000);
    try {
      draw();
      const result = await work((text) => {
        said = text;
        draw();
      });
      this.#end(`${head}${result}, ${seconds()}`);
    } catch (error) {
      this.#end(`${head}failed after ${seconds()}`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  #end(line: string): void {
    this.terminal.write(this.terminal.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
  }
}
