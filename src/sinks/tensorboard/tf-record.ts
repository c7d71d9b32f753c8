import { crc32c } from './crc32c.js';
import { bytesPiece, type Piece } from './scalar-block.js';

const HEAD_BYTES = 12;
const TAIL_BYTES = 4;

/**
 * `data` as one record of a TFRecord file: its length (uint64), the masked CRC-32C of these 8 bytes, the data, and the
 * masked CRC-32C of it, all little-endian. A reader knows by that where a file has been torn.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  return tfRecordOf([bytesPiece(data)]);
}

/** The record of data in pieces, each written once, where it belongs. */
export function tfRecordOf(pieces: readonly Piece[]): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const record = new Uint8Array(HEAD_BYTES + length + TAIL_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  let at = HEAD_BYTES;
  for (const piece of pieces) {
    piece.writeTo(record, at);
    at += piece.length;
  }
  view.setUint32(at, maskedCrc(record.subarray(HEAD_BYTES, at)), true);
  return record;
}

/** A checksum of data that itself holds checksums is weak; so TFRecord rotates it and adds a constant. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The data of every whole record of a file. */
export function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at + HEAD_BYTES <= file.length; ) {
    const end = at + HEAD_BYTES + Number(view.getBigUint64(at, true));
    if (end + TAIL_BYTES > file.length) break;
    records.push(file.subarray(at + HEAD_BYTES, end));
    at = end + TAIL_BYTES;
  }
  return records;
}
