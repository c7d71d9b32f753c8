const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The rows of a CSV file that have their end. What is behind the last of them may be torn, and half a number is another
 * number: it is left out, and `torn` says so.
 */
export class WholeRows {
  /** There was text behind the last whole row. */
  torn = false;
  /** The first two lines, for whoever has to say what is wrong with them. */
  beginning = '';

  async *read(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const rows = new RowEnds();
    let fed = false;
    let rest: Buffer[] = [];
    for await (const block of bytes) {
      if (this.beginning.split('\n', 3).length < 3) this.beginning += block.toString();
      const end = rows.endIn(block);
      if (end > 0) {
        yield Buffer.concat([...rest, block.subarray(0, end)]);
        fed = true;
        rest = [];
      }
      if (end < block.length) rest.push(block.subarray(end));
    }
    const last = Buffer.concat(rest);
    // Rows may end with CR alone.
    const end = fed ? 0 : last.lastIndexOf(CARRIAGE_RETURN) + 1;
    if (end > 0) yield last.subarray(0, end);
    this.torn = last.subarray(end).toString().trim() !== '';
  }
}

/** Finds where rows end in a file that comes block by block: at a line feed that is in no quotes. */
class RowEnds {
  #quoted = false;

  /** Behind the last row that ends in the next block; 0 where none does. */
  endIn(block: Buffer): number {
    let quoted = this.#quoted;
    let end = 0;
    for (let i = 0; i < block.length; i++) {
      if (block[i] === QUOTE) quoted = !quoted;
      else if (block[i] === LINE_FEED && !quoted) end = i + 1;
    }
    this.#quoted = quoted;
    return end;
  }
}

const DELIMITERS: Readonly<Record<string, string>> = {
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
  ':': 'colons',
  ' ': 'spaces',
};

/** These come within names and beside commas, too. */
const IN_NAMES: ReadonlySet<string> = new Set([':', ' ']);

/** What separates the cells of two first lines, if it is no comma: it comes as often in both. */
export function foreignDelimiter(beginning: string): string | undefined {
  const [header = '', row = ''] = beginning
    .split(/\r\n|\n|\r/, 2)
    .map((line) => line.trim().replaceAll(/"(?:[^"]|"")*"/g, ''));
  const count = (text: string, delimiter: string) => text.split(delimiter).length - 1;
  const found = Object.keys(DELIMITERS).find(
    (delimiter) =>
      count(header, delimiter) > 0 &&
      count(header, delimiter) === count(row, delimiter) &&
      !(IN_NAMES.has(delimiter) && header.includes(',')),
  );
  return found && DELIMITERS[found];
}
