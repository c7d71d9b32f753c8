import { readSync } from 'node:fs';

const LINE_FEED = 0x0a;

/** The bytes of a file of `size` up to the end of its last whole line, found from its end. */
export function wholeJsonLines(fd: number, size: number): number {
  const block = Buffer.allocUnsafe(64 * 1024);
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - block.length);
    const read = readSync(fd, block, 0, end - begin, begin);
    const at = block.subarray(0, read).lastIndexOf(LINE_FEED);
    if (at >= 0) return begin + at + 1;
    end = begin;
  }
  return 0;
}
