import { isUtf8 } from 'node:buffer';
import { HttpError } from './http-error.js';

/** A line of a batch, and the bytes that follow it, where it says that some do. */
export interface BatchLine {
  readonly number: number;
  readonly text: string;
  readonly bytes?: Buffer;
  /** Why its text is not to be read. */
  readonly damaged?: string;
}

/** Lines of one batch at most: each costs some time, however short it is. */
const MOST_LINES = 20_000;
/** Records are nested less; what is nested a million times deep takes seconds to parse, and gigabytes. */
const DEEPEST = 64;
/** Lists and objects of one line at most: some for each parameter. */
const MOST_PARTS = 1_000_000;
/** In fewer bytes there is too little of either to matter. */
const CHECKED_FROM = 65_536;

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [BRACKET, BRACKET_END] = [0x5b, 0x5d];
const [BRACE, BRACE_END] = [0x7b, 0x7d];

/** As `JSON.stringify` writes it, and Python's `json.dumps` with and without spaces. */
const BYTES_FOLLOW = /"binary": ?(\d{1,12})[,}]/;

/**
 * See that a batch is one that can be taken, before anything of it is.
 *
 * @throws HttpError for one with too many lines, or with fewer bytes than a line says.
 */
export function checkLines(body: Buffer, binary: boolean): void {
  let count = 0;
  for (const _ of spansOf(body, binary)) {
    if (++count > MOST_LINES) {
      throw new HttpError(413, `body: expected at most ${MOST_LINES} lines, got more; send it in parts`);
    }
  }
}

/**
 * The lines of a batch. In `binary` ones, a line that says so is followed by bytes.
 *
 * @throws HttpError as `checkLines` does, of which nothing is left where that was called before.
 */
export function* linesOf(body: Buffer, binary: boolean): Generator<BatchLine> {
  for (const { number, begin, end, length } of spansOf(body, binary)) {
    const line = body.subarray(begin, end);
    const damaged = damageOf(line);
    if (damaged) yield { number, text: '', damaged };
    else {
      const text = line.toString().trim();
      if (length !== undefined) yield { number, text, bytes: body.subarray(end + 1, end + 1 + length) };
      else if (text !== '') yield { number, text };
    }
  }
}

/** Where a line is, and how many bytes follow it. */
interface Span {
  readonly number: number;
  readonly begin: number;
  readonly end: number;
  readonly length: number | undefined;
}

function* spansOf(body: Buffer, binary: boolean): Generator<Span> {
  for (let begin = 0, number = 1; begin < body.length; number++) {
    const feed = body.indexOf(LINE_FEED, begin);
    const end = feed < 0 ? body.length : feed;
    const length = binary ? lengthAfter(body.subarray(begin, end), number) : undefined;
    const next = end + 1 + (length ?? 0);
    if (length !== undefined && next > body.length) {
      throw new HttpError(400, `line ${number}: expected ${length} bytes after it, got ${body.length - end - 1}`);
    }
    yield { number, begin, end, length };
    begin = next;
  }
}

/** Where a line of a batch with bytes cannot be read, nobody knows what follows it. */
function lengthAfter(line: Buffer, number: number): number | undefined {
  const damaged = damageOf(line);
  if (damaged) throw new HttpError(400, `line ${number}: ${damaged}`);
  return bytesAfter(line.toString().trim());
}

function damageOf(line: Buffer): string | undefined {
  if (!isUtf8(line)) return 'the bytes are not UTF-8';
  return line.length >= CHECKED_FROM ? intricacyOf(line) : undefined;
}

/** How a text in JSON is more than any record has; brackets in its strings do not count. */
function intricacyOf(line: Buffer): string | undefined {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === QUOTE) at = endOfString(line, at);
    else if (byte === BRACKET || byte === BRACE) {
      if (++depth > DEEPEST) return `it is nested deeper than ${DEEPEST}`;
      if (++parts > MOST_PARTS) return `it has more than ${MOST_PARTS} lists and objects`;
    } else if (byte === BRACKET_END || byte === BRACE_END) depth--;
  }
  return undefined;
}

function endOfString(line: Buffer, begin: number): number {
  for (let at = begin + 1; at < line.length; at++) {
    if (line[at] === BACKSLASH) at++;
    else if (line[at] === QUOTE) return at;
  }
  return line.length;
}

/** How many bytes follow a line. What looks so may be of another's making, such as a metric of that name. */
function bytesAfter(text: string): number | undefined {
  const follow = BYTES_FOLLOW.exec(text)?.[1];
  if (follow === undefined) return undefined;
  try {
    const { binary } = JSON.parse(text) as { readonly binary?: unknown };
    return Number.isSafeInteger(binary) && (binary as number) >= 0 ? (binary as number) : undefined;
  } catch {
    return Number(follow);
  }
}
