import type { RunRecord } from '../events/index.js';
import { DamagedLineError } from './damaged-line-error.js';
import { type Lines, readLines } from './line-reader.js';
import { MeasuredUpdates } from './measured-updates.js';
import type { Pace } from './pace.js';
import { type ParameterSums, type RecordDecoder, recordDecoder } from './record-decoder.js';
import { unpack } from './unpack.js';

export interface ReadRecordsOptions {
  /** What the file is called in errors. */
  readonly file: string;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  /** What becomes of a damaged line, which is left out if this does not throw. */
  readonly onDamaged: (damage: DamagedLineError) => void;
}

/** The records of a file: of the one content after the other that it has, see `readContents()`. */
export async function* readRecords(
  contents: AsyncIterable<AsyncIterable<Uint8Array>> | Iterable<AsyncIterable<Uint8Array>>,
  options: ReadRecordsOptions,
): AsyncGenerator<RunRecord> {
  const { file, pace, signal } = options;
  for await (const content of contents) {
    const decoder = recordDecoder();
    const measured = new MeasuredUpdates();
    for await (const lines of readLines(unpack(file, content))) {
      for (const [i, line] of lines.lines.entries()) {
        const decoded = lines.torn ? decodeTorn(decoder, lines) : decodeLine(decoder, line, i, lines, options);
        if (!decoded) continue;
        for (const record of measured.take(decoded)) {
          const wait = pace.until(record);
          if (wait) await wait;
          if (signal.aborted) return;
          yield record;
        }
      }
    }
    yield* measured.rest();
  }
}

function decodeLine(
  decoder: RecordDecoder,
  line: string,
  i: number,
  { firstNumber, notUtf8 }: Lines,
  { file, onDamaged }: ReadRecordsOptions,
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
