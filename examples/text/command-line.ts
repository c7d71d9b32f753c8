/** What `read` makes of the command line; ends the process with the usage for --help and for what it does not know. */
export function commandLine<Options>(usage: string, read: () => Options | 'help'): Options {
  try {
    const options = read();
    return options === 'help' ? end(usage, 0) : options;
  } catch (error) {
    return end(`${(error as Error).message}\n\n${usage}`, 2);
  }
}

/** @throws TypeError for a text that is no number. */
export function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new TypeError(`${name}: expected a number, got ${text}`);
  return value;
}

function end(message: string, code: number): never {
  (code === 0 ? console.log : console.error)(message);
  process.exit(code);
}
