import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { AGAIN_SOON, HttpError } from './http-error.js';

export interface BodyLimits {
  /** As they are sent. */
  readonly bytes: number;
  /** Unpacked. */
  readonly unpackedBytes: number;
  /** Of all bodies together, unpacked, while they come; more are asked to come again. */
  readonly underwayBytes: number;
}

/**
 * Reads bodies, and bounds what is held of all whose end has not come. What one says it will send takes no room: a few
 * that never come would keep out everybody else.
 */
export class BodyReader {
  #held = 0;

  constructor(private readonly limits: BodyLimits) {}

  /** The bytes of a request, unpacked. @throws HttpError for one that is too large, or not what it says it is. */
  async read(request: IncomingMessage): Promise<Buffer> {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    const sent = bounded(request, this.limits.bytes);
    if (encoding === 'identity') return this.#all(sent);
    if (encoding !== 'gzip') {
      throw new HttpError(415, `Content-Encoding: expected gzip or none, got ${JSON.stringify(encoding)}`);
    }
    return this.#all(unpacked(sent, this.limits.unpackedBytes));
  }

  async #all(blocks: AsyncIterable<Buffer>): Promise<Buffer> {
    const list: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const block of blocks) {
        if (this.#held + block.length > this.limits.underwayBytes) {
          throw new HttpError(429, 'too much is on its way in', AGAIN_SOON);
        }
        this.#held += block.length;
        bytes += block.length;
        list.push(block);
      }
      return Buffer.concat(list);
    } finally {
      this.#held -= bytes;
    }
  }
}

async function* bounded(blocks: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const block of blocks) {
    bytes += block.length;
    if (bytes > most) throw new HttpError(413, `body: expected at most ${most} bytes, got more; send it in parts`);
    yield block;
  }
}

async function* unpacked(blocks: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const fed = feed(gunzip, blocks);
  // What went wrong with the request ends the unpacking, too; it is thrown below.
  fed.catch((cause) => gunzip.destroy(cause as Error));
  try {
    yield* bounded(gunzip as AsyncIterable<Buffer>, most);
    await fed;
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    throw new HttpError(400, `body: expected gzip, as its Content-Encoding says (${(cause as Error).message})`);
  } finally {
    gunzip.destroy();
  }
}

async function feed(gunzip: NodeJS.WritableStream, blocks: AsyncIterable<Buffer>): Promise<void> {
  for await (const block of blocks) {
    if (!gunzip.write(block)) await new Promise((resolve) => gunzip.once('drain', resolve));
  }
  gunzip.end();
}
