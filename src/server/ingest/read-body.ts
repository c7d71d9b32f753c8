import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { HttpError } from './http-error.js';

export interface BodyLimits {
  /** As they are sent. */
  readonly bytes: number;
  /** Unpacked. */
  readonly unpackedBytes: number;
}

/** The bytes of a request, unpacked. @throws HttpError for one that is too large, or not what it says it is. */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const sent = bounded(request, limits.bytes);
  if (encoding === 'identity') return Buffer.concat(await all(sent));
  if (encoding !== 'gzip') {
    throw new HttpError(415, `Content-Encoding: expected gzip or none, got ${JSON.stringify(encoding)}`);
  }
  return Buffer.concat(await all(unpacked(sent, limits.unpackedBytes)));
}

async function all(blocks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const list: Buffer[] = [];
  for await (const block of blocks) list.push(block);
  return list;
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
