// CRC-32C sixteen bytes at a time, in WebAssembly. Compiled by `npm run build:kernel`.

/** At 1024 · k: what a byte does that is followed by `k` others. */
const TABLES: usize = 0;

// @ts-ignore: decorator
@inline
function entry(k: usize, byte: u32): u32 {
  return load<u32>(TABLES + (k << 10) + (<usize>byte << 2));
}

/** The state after `length` bytes from `at` on, given the state before; `length` is a multiple of 16. */
export function update(state: u32, at: usize, length: usize): u32 {
  for (const end = at + length; at < end; at += 16) {
    const a = load<u32>(at) ^ state;
    const b = load<u32>(at, 4);
    const c = load<u32>(at, 8);
    const d = load<u32>(at, 12);
    state =
      entry(15, a & 0xff) ^ entry(14, (a >> 8) & 0xff) ^ entry(13, (a >> 16) & 0xff) ^ entry(12, a >> 24) ^
      entry(11, b & 0xff) ^ entry(10, (b >> 8) & 0xff) ^ entry(9, (b >> 16) & 0xff) ^ entry(8, b >> 24) ^
      entry(7, c & 0xff) ^ entry(6, (c >> 8) & 0xff) ^ entry(5, (c >> 16) & 0xff) ^ entry(4, c >> 24) ^
      entry(3, d & 0xff) ^ entry(2, (d >> 8) & 0xff) ^ entry(1, (d >> 16) & 0xff) ^ entry(0, d >> 24);
  }
  return state;
}
