import type { ConsoleOutput } from '../sinks/console/terminal.js';

/** A line for the person, on standard error: standard output is for what was asked. */
export function say(line: string): void {
  process.stderr.write(`trainscope: ${line}\n`);
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
