import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CREATED_BY } from './encode-part.js';

const MAGIC = 'PAR1';
/** The length of the footer, and the magic. */
const END_BYTES = 8;
const FOOTER_BYTES = 1024 * 1024;

/** Whether a file is a whole Parquet file of this sink: its footer says who made it. */
export function isWrittenByUs(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const end = read(fd, size - END_BYTES, END_BYTES);
    if (end.length < END_BYTES || end.toString('latin1', 4) !== MAGIC) return false;
    const length = end.readUInt32LE(0);
    return length <= FOOTER_BYTES && read(fd, size - END_BYTES - length, length).includes(CREATED_BY);
  } catch {
    // A folder by such a name.
    return false;
  } finally {
    closeSync(fd);
  }
}

function read(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return position < 0 ? bytes.subarray(0, 0) : bytes.subarray(0, readSync(fd, bytes, 0, length, position));
}
