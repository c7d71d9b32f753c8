/** What bytes begin with, and all of them. */
export interface Peeked {
  /** As many as were asked for, and more; fewer where they end before. */
  readonly head: Buffer;
  readonly bytes: AsyncIterable<Buffer>;
}

/** Look at the first `count` bytes. They are still there afterwards. */
export async function peek(bytes: AsyncIterable<Uint8Array>, count: number): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < count) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = head.length === 0 ? asBuffer(value) : Buffer.concat([head, value]);
  }
  return { head, bytes: behind(head, iterator) };
}

async function* behind(head: Buffer, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield asBuffer(next.value);
  } finally {
    await iterator.return?.();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
