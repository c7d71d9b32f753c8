// Numbers as text, a row of them at a time, in WebAssembly. Compiled by `npm run build:kernel`.
//
// The text is what JavaScript makes of a number: the shortest decimal that reads back as the same float64, and of those
// the nearest. Found by the method of R. Giulietti, "The Schubfach way to render doubles" (2020): the interval of all
// decimals that read back as the number is scaled by a power of ten, of which 128 bits are in a table, so that it holds
// one or a few whole numbers.

/** `ceil(10^k · 2^(127 - floor(log2(10^k))))` for k from -292 on: the high 64 bits, then the low ones. */
const POWERS: usize = 0;
const LEAST_POWER: i32 = -292;
/** The texts of 00 to 99. */
const PAIRS: usize = 10240;

const COMMA: u8 = 0x2c;
const ZERO: u8 = 0x30;
const POINT: u8 = 0x2e;
const MINUS: u8 = 0x2d;
const PLUS: u8 = 0x2b;
const LETTER_E: u8 = 0x65;
/** `NaN` and `inf`, as little-endian bytes. */
const NAN: u32 = 0x4e614e;
const INF: u32 = 0x666e69;

const SIGN: u64 = 0x8000000000000000;
const FRACTION: u64 = 0x000fffffffffffff;
const HIDDEN: u64 = 0x0010000000000000;

/**
 * Write `count` rows and return where they end. A row is `leadLength` bytes of `lead`, the bytes of its head, then of each
 * of `width` columns a comma and its number, then `tailLength` bytes of `tail`. `headEnds` says where each head ends, in
 * bytes from `heads` on; 0 is for rows without one. A column begins `stride` bytes after the one before it.
 */
export function rows(
  lead: usize,
  leadLength: usize,
  heads: usize,
  headEnds: usize,
  columns: usize,
  width: i32,
  stride: usize,
  count: i32,
  tail: usize,
  tailLength: usize,
  into: usize,
): usize {
  let from: usize = 0;
  for (let i = 0; i < count; i++) {
    memory.copy(into, lead, leadLength);
    into += leadLength;
    if (headEnds) {
      const end = <usize>load<u32>(headEnds + (<usize>i << 2));
      memory.copy(into, heads + from, end - from);
      into += end - from;
      from = end;
    }
    let at = columns + (<usize>i << 3);
    for (let column = 0; column < width; column++) {
      store<u8>(into, COMMA);
      into = print(load<u64>(at), into + 1);
      at += stride;
    }
    for (let k: usize = 0; k < tailLength; k++) store<u8>(into++, load<u8>(tail + k));
  }
  return into;
}

/** Write the float64 of these bits, and return where it ends. */
function print(bits: u64, into: usize): usize {
  const fraction = bits & FRACTION;
  const exponent = <i32>((bits >> 52) & 0x7ff);
  const isNegative = (bits & SIGN) != 0;
  if (exponent == 0x7ff) {
    if (fraction == 0 && isNegative) store<u8>(into++, MINUS);
    // The fourth byte is written over by what comes next.
    store<u32>(into, fraction == 0 ? INF : NAN);
    return into + 3;
  }
  if ((bits & ~SIGN) == 0) {
    store<u8>(into, ZERO);
    return into + 1;
  }
  if (isNegative) store<u8>(into++, MINUS);
  const significand = exponent == 0 ? fraction : fraction | HIDDEN;
  const binary = (exponent == 0 ? 1 : exponent) - 1075;
  if (binary <= 0 && binary > -53) {
    const whole = significand >> <u64>-binary;
    if (whole << <u64>-binary == significand) return printDigits(whole, lengthOf(whole), into);
  }
  return shortest(significand, binary, fraction == 0 && exponent > 1, into);
}

/** Write `significand · 2^binary`. `isPower`: the next smaller number is only half as far as the next larger one. */
function shortest(significand: u64, binary: i32, isPower: bool, into: usize): usize {
  const odd = significand & 1;
  const k = (binary * 1262611 - (isPower ? 524031 : 0)) >> 22;
  const shift = <u64>(binary + ((-k * 1741647) >> 19) + 1);
  const power = POWERS + (<usize>(-k - LEAST_POWER) << 4);
  const high = load<u64>(power);
  const low = load<u64>(power, 8);
  const scaled = significand << 2;
  const value = scale(high, low, scaled << shift);
  // Numbers whose last bit is 0 are also read from what lies exactly between them and their neighbours.
  const least = scale(high, low, (scaled - 2 + u64(isPower)) << shift) + odd;
  const most = scale(high, low, (scaled + 2) << shift) - odd;
  const s = value >> 2;
  if (s >= 10) {
    const tens = s / 10;
    const isDown = least <= 40 * tens;
    const isUp = 40 * tens + 40 <= most;
    if (isDown != isUp) return printDecimal(tens + u64(isUp), k + 1, into);
  }
  const isDown = least <= s << 2;
  const isUp = (s << 2) + 4 <= most;
  if (isDown != isUp) return printDecimal(s + u64(isUp), k, into);
  const middle = (s << 2) + 2;
  return printDecimal(s + u64(value > middle || (value == middle && (s & 1) != 0)), k, into);
}

/** The product with the power of ten, over 2^128 and rounded so that what has been cut off makes it odd. */
// @ts-ignore: decorator
@inline
function scale(high: u64, low: u64, by: u64): u64 {
  const carried = highProduct(low, by);
  const sum = high * by + carried;
  const top = highProduct(high, by) + u64(sum < carried);
  return top | u64(sum > 1);
}

// @ts-ignore: decorator
@inline
function highProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const other = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

/** Write `digits · 10^exponent` in the form of JavaScript. */
function printDecimal(digits: u64, exponent: i32, into: usize): usize {
  while (true) {
    const tens = digits / 10;
    if (tens * 10 != digits) break;
    digits = tens;
    exponent++;
  }
  const length = lengthOf(digits);
  /** Where the point is, in digits from the first on. */
  const point = length + exponent;
  if (exponent >= 0 && point <= 21) {
    into = printDigits(digits, length, into);
    return fill(into, exponent);
  }
  if (point > 0 && point <= 21) {
    // One place to the right, then the digits before the point back.
    printDigits(digits, length, into + 1);
    for (let i = 0; i < point; i++) store<u8>(into + i, load<u8>(into + i, 1));
    store<u8>(into + point, POINT);
    return into + length + 1;
  }
  if (point > -6 && point <= 0) {
    store<u8>(into, ZERO);
    store<u8>(into, POINT, 1);
    return printDigits(digits, length, fill(into + 2, -point));
  }
  printDigits(digits, length, into + 1);
  store<u8>(into, load<u8>(into, 1));
  if (length > 1) {
    store<u8>(into, POINT, 1);
    into += length + 1;
  } else into += 1;
  const power = point - 1;
  store<u8>(into, LETTER_E);
  store<u8>(into, power < 0 ? MINUS : PLUS, 1);
  const size = <u64>(power < 0 ? -power : power);
  return printDigits(size, lengthOf(size), into + 2);
}

function fill(into: usize, zeros: i32): usize {
  for (let i = 0; i < zeros; i++) store<u8>(into++, ZERO);
  return into;
}

/** Write a whole number that has so many digits. */
function printDigits(digits: u64, length: i32, into: usize): usize {
  const end = into + length;
  let at = end;
  // Eight digits at a time, as dividing 32 bits is faster.
  while (digits >= 100000000) {
    const rest = digits / 100000000;
    let eight = <u32>(digits - rest * 100000000);
    digits = rest;
    for (let i = 0; i < 4; i++) {
      at -= 2;
      const hundreds = eight / 100;
      store<u16>(at, load<u16>(PAIRS + (<usize>(eight - hundreds * 100) << 1)));
      eight = hundreds;
    }
  }
  let few = <u32>digits;
  while (few >= 10) {
    at -= 2;
    const hundreds = few / 100;
    store<u16>(at, load<u16>(PAIRS + (<usize>(few - hundreds * 100) << 1)));
    few = hundreds;
  }
  if (at > into) store<u8>(at - 1, ZERO + <u8>few);
  return end;
}

function lengthOf(digits: u64): i32 {
  let length = 1;
  while (digits >= 10000) {
    digits /= 10000;
    length += 4;
  }
  const few = <u32>digits;
  return length + i32(few >= 10) + i32(few >= 100) + i32(few >= 1000);
}
