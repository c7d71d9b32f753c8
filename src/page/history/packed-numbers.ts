/** Stands for a value that was never given: not a norm, which is never negative. */
export const ABSENT = -1;

const ABSENT_CODE = 0xffff;

/**
 * Norms and ratios (not negative, or NaN, or {@link ABSENT}) as base64 text of 16 bits each: the 8 exponent bits and the
 * upper 8 fraction bits of a float32, rounded to nearest. Relative error at most 0.2 %, over the range of a float32;
 * zero, Infinity and NaN stay what they are, and of two values the larger never becomes the smaller.
 */
export function packNorms(values: Float32Array): string {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const codes = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) codes[i] = codeOf(values[i]!, bits[i]!);
  return toBase64(new Uint8Array(codes.buffer));
}

export function unpackNorms(text: string): Float32Array {
  const codes = new Uint16Array(fromBase64(text).buffer);
  const values = new Float32Array(codes.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] === ABSENT_CODE) values[i] = ABSENT;
    else bits[i] = codes[i]! << 15;
  }
  return values;
}

function codeOf(value: number, bits: number): number {
  if (value < 0) return ABSENT_CODE;
  if (Number.isNaN(value)) return 0xff80;
  // Half of what is cut off is added, so that the cut rounds; above the largest float it gives Infinity.
  return (bits + 0x4000) >>> 15;
}

/** Float32 values as base64 text, in the machine's order of bytes (little-endian wherever Node and browsers run). */
export function packFloats(values: ArrayLike<number>): string {
  return toBase64(new Uint8Array(Float32Array.from(values).buffer));
}

export function unpackFloats(text: string): Float32Array {
  return new Float32Array(fromBase64(text).buffer);
}

/** Float64 values as base64 text, likewise: to the bit. */
export function packDoubles(values: Float64Array<ArrayBuffer>): string {
  return toBase64(new Uint8Array(values.buffer));
}

export function unpackDoubles(text: string): Float64Array {
  return new Float64Array(fromBase64(text).buffer);
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
