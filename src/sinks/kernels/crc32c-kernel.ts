import { kernelModule } from '../../parameters/index.js';
import { CRC32C_KERNEL } from './crc32c-kernel.wasm.js';

/** Takes whole blocks of `BLOCK` bytes into the state of a checksum. */
export type Crc32cKernel = (state: number, bytes: Uint8Array) => number;

/** Bytes of which the kernel takes a multiple. */
export const BLOCK = 16;
const TABLE_BYTES = 1_024;
const PIECE = 32_768;

/** The checksum's inner loop in WebAssembly; undefined where there is none. `tables[k]`: see `crc32c()`. */
export function crc32cKernel(tables: readonly Uint32Array[]): Crc32cKernel | undefined {
  const module = kernelModule(CRC32C_KERNEL);
  if (!module) return undefined;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { update } = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as {
    update(state: number, at: number, length: number): number;
  };
  tables.forEach((table, k) => {
    new Uint32Array(memory.buffer, k * TABLE_BYTES).set(table);
  });
  const room = new Uint8Array(memory.buffer, BLOCK * TABLE_BYTES, PIECE);
  return (state, bytes) => {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      room.set(piece);
      state = update(state, room.byteOffset, piece.length);
    }
    return state;
  };
}
