import type { RunRecord } from '../events/index.js';
import { DamagedLineError } from './damaged-line-error.js';
import { decoderFrom, type ParameterSums, type RecordDecoder } from './decoder/index.js';
import { type Lines, readLines } from './line-reader.js';
import { MeasuredUpdates } from './measured-updates.js';
import type { Pace } from './pace.js';
import { peek } from './peek.js';
import { HEAD_BYTES, type Stretch } from './step-index.js';
import { isGzip, unpack } from './unpack.js';

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

/** A record, and where in its file it is said: undefined where that is not one that can be read from anywhere. */
export interface PlacedRecord {
  readonly record: RunRecord;
  readonly stretch: Stretch | undefined;
}

/** The records of a file, with what was measured of its steps. */
export async function* readRecords(contents: Contents, options: ReadRecordsOptions): AsyncGenerator<RunRecord> {
  for await (const { record } of readPlaced(contents, options)) yield record;
}

/** As {@link readRecords}, each with its place. */
export async function* readPlaced(contents: Contents, options: ReadRecordsOptions): AsyncGenerator<PlacedRecord> {
  const { pace, signal } = options;
  for await (const content of contents) {
    const measured = new MeasuredUpdates();
    let stretch: Stretch | undefined;
    for await (const decoded of decode(content, options)) {
      stretch = decoded.stretch;
      for (const record of measured.take(decoded.said)) {
        const wait = pace.until(record);
        if (wait) await wait;
        if (signal.aborted) return;
        yield { record, stretch };
      }
    }
    yield* placed(measured.rest(), stretch);
  }
}

function* placed(records: Iterable<RunRecord>, stretch: Stretch | undefined): Generator<PlacedRecord> {
  for (const record of records) yield { record, stretch };
}

/** What the lines of a file say. */
export async function* readSent(
  contents: Contents,
  options: ReadLinesOptions,
): AsyncGenerator<RunRecord | ParameterSums> {
  for await (const content of contents) for await (const { said } of decode(content, options)) yield said;
}

interface Decoded {
  readonly said: RunRecord | ParameterSums;
  readonly stretch: Stretch | undefined;
}

async function* decode(content: AsyncIterable<Uint8Array>, options: ReadLinesOptions): AsyncGenerator<Decoded> {
  const decoder = decoderFrom();
  const { head, bytes } = await peek(content, 2);
  const source = isGzip(head) ? undefined : { head: Buffer.from(head.subarray(0, HEAD_BYTES)) };
  for await (const lines of readLines(unpack(options.file, bytes))) {
    const stretch = source && { begin: lines.begin, end: lines.end, known: decoder.known, source };
    for (const said of decodeLines(lines, decoder, options)) yield { said, stretch };
  }
}

/** What some lines say, each when it is asked for. */
export function* decodeLines(
  lines: Lines,
  decoder: RecordDecoder,
  options: ReadLinesOptions,
): Generator<RunRecord | ParameterSums> {
  for (const [i, line] of lines.lines.entries()) {
    const said = lines.torn ? decodeTorn(decoder, lines) : decodeLine(decoder, line, i, lines, options);
    if (said) yield said;
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
