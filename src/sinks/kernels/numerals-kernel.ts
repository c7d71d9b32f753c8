import { kernelModule } from '../../parameters/index.js';
import { NUMERALS_KERNEL } from './numerals-kernel.wasm.js';

interface Exports {
  rows(
    lead: number,
    leadLength: number,
    heads: number,
    headEnds: number,
    columns: number,
    width: number,
    stride: number,
    count: number,
    tail: number,
    tailLength: number,
    into: number,
  ): number;
}

/** What stands around the numbers of each row. */
export interface RowTexts {
  /** The same at the beginning of every row. */
  readonly lead: Uint8Array;
  /** Then what is each row's own: all bytes, and where those of each row end. */
  readonly heads: Uint8Array;
  readonly headEnds: Uint32Array;
  /** The same at the end of every row. */
  readonly tail: Uint8Array;
}

/**
 * The bytes of so many rows, in pieces: with a comma before each number, which are as JavaScript prints them but for
 * `inf`. Columns may be longer.
 */
export type NumeralsKernel = (columns: readonly Float64Array[], length: number, texts?: RowTexts) => Uint8Array[];

/** The memory's beginning: the powers of ten, and the texts of two digits. */
const LEAST_POWER = -292;
const MOST_POWER = 324;
const PAIRS = 10_240;
const FREE = 10_440;

/** Such as `-2.2250738585072014e-308`, and the comma before it. */
const MOST_BYTES = 25;
/** All of a piece's memory stays in the second-level cache. */
const ROWS_A_PIECE = 1_024;

let made: NumeralsKernel | null | undefined;

/** Printing in WebAssembly, some times faster than one by one; undefined where there is none. */
export function numeralsKernel(): NumeralsKernel | undefined {
  if (made === undefined) {
    const module = kernelModule(NUMERALS_KERNEL);
    made = module && kernelOf(module);
  }
  return made ?? undefined;
}

const NOTHING = new Uint8Array(0);

function kernelOf(module: WebAssembly.Module): NumeralsKernel {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { rows } = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  writeTables(memory);

  const piece = (columns: readonly Float64Array[], begin: number, end: number, texts?: RowTexts): Uint8Array => {
    const { lead = NOTHING, tail = NOTHING } = texts ?? {};
    const count = end - begin;
    const headsBegin = begin > 0 ? (texts?.headEnds[begin - 1] ?? 0) : 0;
    const heads = texts?.heads.subarray(headsBegin, texts.headEnds[end - 1]) ?? NOTHING;
    const stride = 8 * count;
    const endsAt = FREE + columns.length * stride;
    const leadAt = endsAt + 4 * count;
    const headsAt = leadAt + lead.length;
    const tailAt = headsAt + heads.length;
    const into = tailAt + tail.length;
    reserve(memory, into + heads.length + count * (lead.length + MOST_BYTES * columns.length + tail.length));

    const bytes = new Uint8Array(memory.buffer);
    columns.forEach((column, i) => {
      new Float64Array(memory.buffer, FREE + i * stride, count).set(column.subarray(begin, end));
    });
    bytes.set(lead, leadAt);
    bytes.set(heads, headsAt);
    bytes.set(tail, tailAt);
    if (texts) {
      const ends = new Uint32Array(memory.buffer, endsAt, count);
      for (let i = 0; i < count; i++) ends[i] = texts.headEnds[begin + i]! - headsBegin;
    }
    const written = rows(
      leadAt,
      lead.length,
      headsAt,
      texts ? endsAt : 0,
      FREE,
      columns.length,
      stride,
      count,
      tailAt,
      tail.length,
      into,
    );
    return bytes.slice(into, written);
  };

  return (columns, length, texts) => {
    const pieces: Uint8Array[] = [];
    for (let begin = 0; begin < length; begin += ROWS_A_PIECE) {
      pieces.push(piece(columns, begin, Math.min(length, begin + ROWS_A_PIECE), texts));
    }
    return pieces;
  };
}

function reserve(memory: WebAssembly.Memory, bytes: number): void {
  const pages = Math.ceil((bytes - memory.buffer.byteLength) / 65_536);
  if (pages > 0) memory.grow(pages);
}

function writeTables(memory: WebAssembly.Memory): void {
  const words = new BigUint64Array(memory.buffer);
  for (let k = LEAST_POWER, at = 0; k <= MOST_POWER; k++) {
    const power = power128(k);
    words[at++] = power >> 64n;
    words[at++] = BigInt.asUintN(64, power);
  }
  const pairs = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).join('');
  new Uint8Array(memory.buffer).set(new TextEncoder().encode(pairs), PAIRS);
}

/** `10^k`, scaled by a power of two to 128 bits and rounded up. */
function power128(k: number): bigint {
  const power = 10n ** BigInt(Math.abs(k));
  const bits = power.toString(2).length;
  if (k >= 0) return bits <= 128 ? power << BigInt(128 - bits) : ceilDivide(power, 1n << BigInt(bits - 128));
  // 1 / power lies between 2^-bits and 2^(1 - bits).
  return ceilDivide(1n << BigInt(bits + 127), power);
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
