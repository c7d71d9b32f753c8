import { isUtf8 } from 'node:buffer';
import { HttpError } from './http-error.js';

/** A line of a batch, and the bytes that follow it, where it says that some do. */
export interface BatchLine {
  readonly number: number;
  readonly text: string;
  readonly bytes?: Buffer;
  /** Its bytes are not UTF-8. */
  readonly damaged?: true;
}

const LINE_FEED = 0x0a;

/** As `JSON.stringify` writes it, and Python's `json.dumps` with and without spaces. */
const BYTES_FOLLOW = /"binary": ?(\d{1,12})[,}]/;

/**
 * The lines of a batch. In `binary` ones, a line that says so is followed by bytes.
 *
 * @throws HttpError where fewer bytes follow than a line says: nothing after it can be told from them.
 */
export function* linesOf(body: Buffer, binary: boolean): Generator<BatchLine> {
  for (let begin = 0, number = 1; begin < body.length; number++) {
    const feed = body.indexOf(LINE_FEED, begin);
    const end = feed < 0 ? body.length : feed;
    const line = body.subarray(begin, end);
    begin = end + 1;
    if (!isUtf8(line)) {
      if (binary) throw new HttpError(400, `line ${number}: the bytes are not UTF-8`);
      yield { number, text: '', damaged: true };
      continue;
    }
    const text = line.toString().trim();
    const length = binary ? bytesAfter(text) : undefined;
    if (text === '') continue;
    if (length === undefined) yield { number, text };
    else {
      if (begin + length > body.length) {
        throw new HttpError(400, `line ${number}: expected ${length} bytes after it, got ${body.length - begin}`);
      }
      yield { number, text, bytes: body.subarray(begin, begin + length) };
      begin += length;
    }
  }
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
