/** A line of a recorded run that is no record. */
export class DamagedLineError extends Error {
  override readonly name = 'DamagedLineError';

  constructor(
    /** The path of the file, or what a run that is given as bytes was called. */
    readonly file: string,
    /** Its number in the file, from 1. */
    readonly line: number,
    text: string,
    cause: unknown,
  ) {
    const start = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    super(
      `${file}, line ${line}: expected a record of a run, got ${JSON.stringify(start)} (${(cause as Error).message})`,
      { cause },
    );
  }
}
