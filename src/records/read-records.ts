import type { RunRecord } from '../events/index.js';
import { DamagedLineError } from './damaged-line-error.js';
import { type ParameterSums, type RecordDecoder, recordDecoder } from './decoder/index.js';
import { type Lines, readLines } from './line-reader.js';
import { MeasuredUpdates } from './measured-updates.js';
import type { Pace } from './pace.js';
import { unpack } from './unpack.js';

export interface ReadLinesOptions {
  /** What the file is called in errors. */
  readonly file: string;
  /** What becomes of a damaged line, which is left out if this does not throw. */
  readonly onDamaged: (damage: DamagedLineError) => void;
}

export interface ReadRecordsOptions extends ReadLinesOptions {
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** One content after the other that a file has, see `readContents()`. */
export type Contents = AsyncIterable<AsyncIterable<Uint8Array>> | Iterable<AsyncIterable<Uint8Array>>;

/** The records of a file, with what was measured of its steps. */
export async function* readRecords(contents: Contents, options: ReadRecordsOptions): AsyncGenerator<RunRecord> {
  const { pace, signal } = options;
  for await (const content of contents) {
    const measured = new MeasuredUpdates();
    for await (const decoded of decode(content, options)) {
      for (const record of measured.take(decoded)) {
        const wait = pace.until(record);
        if (wait) await wait;
        if (signal.aborted) return;
        yield record;
      }
    }
    yield* measured.rest();
  }
}

/** What the lines of a file say. */
export async function* readSent(
  contents: Contents,
  options: ReadLinesOptions,
): AsyncGenerator<RunRecord | ParameterSums> {
  for await (const content of contents) yield* decode(content, options);
}

async function* decode(
  content: AsyncIterable<Uint8Array>,
  options: ReadLinesOptions,
): AsyncGenerator<RunRecord | ParameterSums> {
  const decoder = recordDecoder();
  for await (const lines of readLines(unpack(options.file, content))) {
    for (const [i, line] of lines.lines.entries()) {
      const decoded = lines.torn ? decodeTorn(decoder, lines) : decodeLine(decoder, line, i, lines, options);
      if (decoded) yield decoded;
    }
  }
}

function decodeLine(
  decoder: RecordDecoder,
  line: string,
  i: number,
  { firstNumber, notUtf8 }: Lines,
  { file, onDamaged }: ReadLinesOptions,
): RunRecord | ParameterSums | undefined {
  if (line.trim() === '') return undefined;
  try {
    if (notUtf8.has(i)) throw new TypeError('the bytes are not UTF-8');
    return decoder.decode(line);
  } catch (cause) {
    onDamaged(new DamagedLineError(file, firstNumber + i, line, cause));
    decoder.skip(line);
    return undefined;
  }
}

/** The last line of a file, which has no end: a record if it is whole. */
function decodeTorn(
  decoder: RecordDecoder,
  { lines: [line = ''], notUtf8 }: Lines,
): RunRecord | ParameterSums | undefined {
  try {
    return notUtf8.size > 0 ? undefined : decoder.decode(line);
  } catch {
    return undefined;
  }
}
