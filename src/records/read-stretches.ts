import { type FileHandle, open } from 'node:fs/promises';
import type { RunRecord } from '../events/index.js';
import { decoderFrom } from './decoder/index.js';
import { readLines } from './line-reader.js';
import { MeasuredUpdates } from './measured-updates.js';
import { decodeLines } from './read-records.js';
import type { Stretch } from './step-index.js';

const BLOCK_BYTES = 256 * 1024;

export interface ReadStretchesOptions {
  /** Ends it, at the next block. */
  readonly signal: AbortSignal;
  /** How many damaged lines there are was counted when they were read first. */
  readonly onDamaged?: () => void;
}

/**
 * The records of some stretches of a file; nothing else of it is read. Nothing where the file is another one by now.
 *
 * @throws Error for a file that cannot be read.
 */
export async function* readStretches(
  file: string,
  stretches: readonly Stretch[],
  { signal, onDamaged = () => {} }: ReadStretchesOptions,
): AsyncGenerator<RunRecord> {
  const handle = await open(file, 'r');
  try {
    for (const stretch of stretches) {
      if (!(await beginsWith(handle, stretch.source.head))) return;
      const measured = new MeasuredUpdates();
      const decoder = decoderFrom(stretch.known);
      for await (const lines of readLines(bytesOf(handle, stretch, signal))) {
        for (const said of decodeLines(lines, decoder, { file, onDamaged })) yield* measured.take(said);
      }
      if (signal.aborted) return;
      yield* measured.rest();
    }
  } finally {
    await handle.close();
  }
}

async function* bytesOf(handle: FileHandle, { begin, end }: Stretch, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = begin; at < end && !signal.aborted; ) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, end - at));
    const { bytesRead } = await handle.read(block, 0, block.length, at);
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function beginsWith(handle: FileHandle, head: Buffer): Promise<boolean> {
  const bytes = Buffer.alloc(head.length);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
  return bytesRead === head.length && bytes.equals(head);
}
