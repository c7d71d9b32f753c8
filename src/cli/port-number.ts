import { InvalidArgumentError } from 'commander';

/** A port of a command line. @throws InvalidArgumentError for what is none. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
  }
  return value;
}
