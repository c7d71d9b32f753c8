import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { peek } from './peek.js';

const GZIP = [0x1f, 0x8b];

/** What a file may begin with that is no text of lines, and what to do about it. */
const FOREIGN: readonly { readonly begins: readonly number[]; readonly what: string; readonly fix: string }[] = [
  { begins: [0x28, 0xb5, 0x2f, 0xfd], what: 'zstd', fix: 'unpack it first: zstd -d' },
  { begins: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], what: 'xz', fix: 'unpack it first: xz -d' },
  { begins: [0x42, 0x5a, 0x68], what: 'bzip2', fix: 'unpack it first: bzip2 -d' },
  { begins: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive', fix: 'unpack it first: unzip' },
  { begins: [0xff, 0xfe], what: 'UTF-16', fix: 'save it as UTF-8' },
  { begins: [0xfe, 0xff], what: 'UTF-16', fix: 'save it as UTF-8' },
];

/**
 * The bytes of a file of text, unpacked where they are gzip, by what they begin with and not by their name. Where gzip is
 * cut off, as in a file that is still written, they end there.
 *
 * @throws Error that names `file` for another form, and for gzip that is damaged.
 */
export async function* unpack(file: string, packed: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const { head, bytes } = await peek(packed, 6);
  if (isGzip(head)) return yield* unpack(file, gunzip(file, bytes));
  const foreign = FOREIGN.find((each) => begins(head, each.begins));
  if (foreign) throw new Error(`${file}: expected text in UTF-8 or gzip, got ${foreign.what}; ${foreign.fix}`);
  yield* bytes;
}

/** Whether a file that begins so is packed. */
export function isGzip(head: Buffer): boolean {
  return begins(head, GZIP);
}

function begins(head: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => head[i] === byte);
}

async function* gunzip(file: string, packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 256 * 1024 });
  // What fails in one fails in the iteration.
  pipeline(Readable.from(packed), unzip, () => {});
  try {
    yield* unzip as AsyncIterable<Buffer>;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_')) throw cause;
    throw new Error(`${file}: expected whole gzip data, got damaged ones (${message}); what is behind is lost`, {
      cause,
    });
  }
}
