import type { Command } from 'commander';
import type { DamagedLineError } from '../records/index.js';
import { counted, say } from './terminal.js';

export interface SkipFlags {
  readonly skipDamaged?: boolean;
}

/** Give a command that reads recorded runs the option `--skip-damaged`. */
export function withSkipDamaged(command: Command): Command {
  return command.option('--skip-damaged', 'leave out the damaged lines of recorded runs, and say how many there were');
}

/** The damaged lines that a command leaves out, where it is told to. */
export class SkippedLines {
  readonly #byFile = new Map<string, { readonly first: DamagedLineError; count: number }>();
  /** For `readRun()`. */
  readonly options: { readonly onDamaged?: (damage: DamagedLineError) => void };

  /** `atOnce`: the first of a file is told when it comes, since the end may be long after it. */
  constructor(
    { skipDamaged = false }: SkipFlags,
    private readonly atOnce = false,
  ) {
    this.options = skipDamaged ? { onDamaged: (damage) => this.#count(damage) } : {};
  }

  get total(): number {
    return [...this.#byFile.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** How many there were, and the first, for each file that has any. */
  tell(): void {
    for (const [file, { first, count }] of this.#byFile) {
      const lines = `${counted(count, 'damaged line')} of ${file} ${count === 1 ? 'was' : 'were'} skipped`;
      say(`${lines}; the first is line ${first.line}`);
    }
  }

  #count(damage: DamagedLineError): void {
    const found = this.#byFile.get(damage.file);
    if (found) found.count++;
    else {
      this.#byFile.set(damage.file, { first: damage, count: 1 });
      if (this.atOnce) say(`line ${damage.line} of ${damage.file} is damaged, and skipped; others are counted`);
    }
  }
}
