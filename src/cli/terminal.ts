import { plainLines } from '../events/index.js';
import type { ConsoleOutput } from '../sinks/console/index.js';

/** A line for the person, on standard error: standard output is for what was asked. */
export function say(line: string): void {
  process.stderr.write(`trainscope: ${plainLines(line)}\n`);
}

/** A number of things: `1 step`, `2 steps`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** What is said of a CSV file whose last row was left out. */
export function tornRow(file: string): string {
  return `the last row of ${file} has no end of line, and was left out: it may be torn`;
}

const CODES = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, blue: 34 } as const;

export type Colour = keyof typeof CODES;

/** Puts colour on text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Colour in a terminal only, and not where NO_COLOR or TERM=dumb asks for none. */
export function paintFor(output: ConsoleOutput, env: NodeJS.ProcessEnv = process.env): Paint {
  const colourful = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return (colour, text) => (colourful ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
}

const ESCAPE = '\u001b';
const ESCAPES = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');
/** Drawn in two columns, and in none. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]|\p{Emoji_Presentation}/u;
const NONE = /\p{Mn}|\p{Me}/u;

/** Whether there are letters in it that are drawn in two columns, such as those of Chinese and Japanese. */
export function hasWideLetters(text: string): boolean {
  return WIDE.test(text);
}

/** How many columns of a terminal a text takes; colours take none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text.replaceAll(ESCAPES, ''))
    columns += NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}
