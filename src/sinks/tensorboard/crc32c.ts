import { BLOCK, type Crc32cKernel, crc32cKernel } from '../kernels/crc32c-kernel.js';

/** The reversed polynomial of Castagnoli, RFC 3720 B.4. */
const POLYNOMIAL = 0x82f63b78;

/** `TABLES[k][byte]`: what a byte does that is followed by `k` others. */
const TABLES: readonly Uint32Array[] = tables();

function tables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
    return remainder;
  });
  const all = [first];
  for (let k = 1; k < BLOCK; k++) all.push(all[k - 1]!.map((value) => first[value & 0xff]! ^ (value >>> 8)));
  return all;
}

let made: { readonly kernel: Crc32cKernel | undefined } | undefined;

function kernel(): Crc32cKernel | undefined {
  made ??= { kernel: crc32cKernel(TABLES) };
  return made.kernel;
}

/** CRC-32C of `bytes`, as an unsigned number. An event of a large model has many millions: those go through a kernel. */
export function crc32c(bytes: Uint8Array): number {
  const blocks = bytes.length - (bytes.length % BLOCK);
  const update = blocks > 0 ? kernel() : undefined;
  let crc = update ? update(0xffffffff, bytes.subarray(0, blocks)) : 0xffffffff;
  const table = TABLES[0]!;
  for (let i = update ? blocks : 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
