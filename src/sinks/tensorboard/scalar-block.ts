const UTF8 = new TextEncoder();

/** The bytes of many scalars of known tags, as fields `value` of a Summary, but for their numbers. */
interface ScalarBlock {
  readonly bytes: Uint8Array;
  /** Where each number goes, a float32. */
  readonly places: Uint32Array;
}

const blocks = new WeakMap<readonly string[], ScalarBlock>();

/**
 * Scalars of one statistic, tag by tag: what a step says of a large model differs from the step before in the numbers
 * alone, so that the bytes of a list of tags are made once.
 */
export function encodeScalars(tags: readonly string[], column: ArrayLike<number>): Uint8Array {
  let block = blocks.get(tags);
  if (!block) {
    block = blockOf(tags);
    blocks.set(tags, block);
  }
  const bytes = block.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < tags.length; i++) view.setFloat32(block.places[i]!, column[i]!, true);
  return bytes;
}

const FIELD_VALUE = 0x0a;
const FIELD_TAG = 0x0a;
const FIELD_SIMPLE_VALUE = 0x15;

function blockOf(tags: readonly string[]): ScalarBlock {
  const parts: Uint8Array[] = [];
  const places = new Uint32Array(tags.length);
  let size = 0;
  for (const [i, tag] of tags.entries()) {
    const text = UTF8.encode(tag);
    const value = [FIELD_TAG, ...varint(text.length)];
    const length = value.length + text.length + 5;
    const part = Uint8Array.from([FIELD_VALUE, ...varint(length), ...value, ...text, FIELD_SIMPLE_VALUE, 0, 0, 0, 0]);
    size += part.length;
    places[i] = size - 4;
    parts.push(part);
  }
  return { bytes: joined(parts, size), places };
}

/** A whole number as protocol buffers write it: 7 bits a byte, the lowest first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

/** Bytes one after the other; `size` of all together. */
export function joined(
  parts: readonly Uint8Array[],
  size = parts.reduce((sum, { length }) => sum + length, 0),
): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
