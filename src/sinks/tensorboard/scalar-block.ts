const UTF8 = new TextEncoder();

/** The bytes of many scalars of known tags, as fields `value` of a Summary, but for their numbers. */
interface ScalarBlock {
  readonly bytes: Uint8Array;
  /** Where each number goes, a float32. */
  readonly places: Uint32Array;
}

const blocks = new WeakMap<readonly string[], ScalarBlock>();

/** A part of a message: bytes, or what writes itself in its place. */
export interface Piece {
  readonly length: number;
  writeTo(bytes: Uint8Array, at: number): void;
}

/**
 * Scalars of one statistic, tag by tag: what a step says of a large model differs from the step before in the numbers
 * alone, so that the bytes of a list of tags are made once.
 */
export function scalarsPiece(tags: readonly string[], column: ArrayLike<number>): Piece {
  let block = blocks.get(tags);
  if (!block) {
    block = blockOf(tags);
    blocks.set(tags, block);
  }
  const { bytes: template, places } = block;
  return {
    length: template.length,
    writeTo(bytes, at) {
      bytes.set(template, at);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let i = 0; i < tags.length; i++) view.setFloat32(at + places[i]!, column[i]!, true);
    },
  };
}

export function bytesPiece(part: Uint8Array): Piece {
  return { length: part.length, writeTo: (bytes, at) => bytes.set(part, at) };
}

const FIELD_VALUE = 0x0a;
const FIELD_TAG = 0x0a;
const FIELD_SIMPLE_VALUE = 0x15;

function blockOf(tags: readonly string[]): ScalarBlock {
  const texts = tags.map((tag) => UTF8.encode(tag));
  const heads = texts.map(({ length }) => {
    const tag = [FIELD_TAG, ...varint(length)];
    return [FIELD_VALUE, ...varint(tag.length + length + 5), ...tag];
  });
  const bytes = new Uint8Array(heads.reduce((sum, head, i) => sum + head.length + texts[i]!.length + 5, 0));
  const places = new Uint32Array(tags.length);
  let at = 0;
  for (const [i, head] of heads.entries()) {
    bytes.set(head, at);
    bytes.set(texts[i]!, at + head.length);
    at += head.length + texts[i]!.length;
    bytes[at] = FIELD_SIMPLE_VALUE;
    places[i] = at + 1;
    at += 5;
  }
  return { bytes, places };
}

/** A whole number as protocol buffers write it: 7 bits a byte, the lowest first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}
