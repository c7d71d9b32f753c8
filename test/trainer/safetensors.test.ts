import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensor,
  type SafetensorsDtype,
  SafetensorsError,
  type SafetensorsTensor,
  toFloat32,
} from '../../src/trainer/safetensors.js';

// biome-ignore format: a table
const BYTES: Record<SafetensorsDtype, number> = {
  F64: 8, I64: 8, U64: 8, C64: 8, F32: 4, I32: 4, U32: 4, F16: 2, BF16: 2, I16: 2, U16: 2,
  F8_E4M3: 1, F8_E5M2: 1, I8: 1, U8: 1, BOOL: 1,
};

const tensor: fc.Arbitrary<SafetensorsTensor> = fc
  .tuple(fc.constantFrom(...(Object.keys(BYTES) as SafetensorsDtype[])), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, n) => product * n, BYTES[dtype]);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }));
  });
const names = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', '0', '', 'bert.weight', '名前'))
  .filter((name) => name !== '__metadata__');
const files = fc.tuple(
  fc.uniqueArray(fc.tuple(names, tensor), { maxLength: 6, selector: ([name]) => name }),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
);
const run = { seed: 7, numRuns: 200 };

/** A file with the header as it is given. */
function file(header: unknown, values = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + values);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });

describe('safetensors', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(files, fc.nat(8), ([tensors, metadata], shift) => {
        const encoded = encodeSafetensors(new Map(tensors), metadata);
        const shifted = new Uint8Array(shift + encoded.length).subarray(shift); // as read from a pool of buffers
        shifted.set(encoded);
        const decoded = decodeSafetensors(shifted);
        expect(decoded.metadata).toEqual(metadata);
        expect(decoded.tensors.size).toBe(tensors.length);
        for (const [name, { dtype, shape, data }] of tensors) {
          const read = decoded.tensors.get(name)!;
          expect([read.dtype, read.shape, [...read.data]]).toEqual([dtype, shape, [...data]]);
        }
      }),
      run,
    );
  });

  it('starts every tensor at a multiple of its element', () => {
    fc.assert(
      fc.property(files, ([tensors]) => {
        const bytes = encodeSafetensors(new Map(tensors));
        expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
        for (const { dtype, data } of decodeSafetensors(bytes).tensors.values()) {
          expect(data.byteOffset % BYTES[dtype]).toBe(0);
        }
      }),
      run,
    );
  });

  it('tells a file that is cut short anywhere', () => {
    fc.assert(
      fc.property(files, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ([tensors], share) => {
        const bytes = encodeSafetensors(new Map([...tensors, ['last', float32Tensor([1], [1])]]));
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        expect(() => decodeSafetensors(cut)).toThrow(SafetensorsError);
      }),
      run,
    );
  });

  it('never throws anything but its own error, whatever the bytes', () => {
    fc.assert(
      fc.property(
        files,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        ([tensors], hits) => {
          const bytes = encodeSafetensors(new Map(tensors));
          for (const [at, value] of hits) bytes[at % bytes.length] = value;
          try {
            decodeSafetensors(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(SafetensorsError);
          }
        },
      ),
      run,
    );
  });

  it.each([
    ['nothing', new Uint8Array(0), 'safetensors: expected at least 8 bytes; got 0: the file is cut short'],
    [
      'a foreign file',
      new TextEncoder().encode('PK\u0003\u0004, a zip file'),
      /expected a header of \d+ bytes; got 8: the file is cut short, or is no safetensors file/,
    ],
    ['a header that is no JSON', file('{"a"'), /safetensors header: expected JSON; got /],
    ['a header that is a list', file([]), 'safetensors header: expected a JSON object; got []'],
    ['an entry that is none', file({ a: 1 }), 'a: expected a header entry; got 1'],
    ['an unknown dtype', file({ a: entry('F4', [1], [0, 1]) }, 1), /a\.dtype: expected one of F64, .*; got "F4"/],
    ['an inherited dtype', file({ a: entry('toString', [1], [0, 1]) }, 1), /a\.dtype: expected one of/],
    ['a bad shape', file({ a: entry('F32', [-1], [0, 4]) }, 4), 'a.shape: expected a list of lengths; got [-1]'],
    ['bad offsets', file({ a: entry('F32', [1], [0]) }, 4), 'a.data_offsets: expected a start and an end; got [0]'],
    [
      'offsets out of range',
      file({ a: entry('F32', [1], [4, 8]) }, 4),
      'a.data_offsets: expected a range within the 4 bytes of values; got 4 to 8',
    ],
    [
      'offsets in reverse',
      file({ a: entry('F32', [1], [4, 0]) }, 4),
      'a.data_offsets: expected a range within the 4 bytes of values; got 4 to 0',
    ],
    [
      'a size that is not the shape’s',
      file({ a: entry('F32', [2], [0, 4]) }, 4),
      'a: expected 8 bytes for F32 [2]; got 4',
    ],
    [
      'tensors that overlap',
      file({ a: entry('U8', [4], [0, 4]), b: entry('U8', [4], [2, 6]) }, 6),
      'b.data_offsets: expected a start at 4; got 2, which overlaps the tensor before it',
    ],
    [
      'a hole',
      file({ a: entry('U8', [1], [1, 2]) }, 2),
      'a.data_offsets: expected a start at 0; got 1, which leaves bytes that belong to no tensor',
    ],
    [
      'bytes left over',
      file({ a: entry('U8', [1], [0, 1]) }, 2),
      'safetensors: expected 1 bytes of values, as the header says; got 2',
    ],
    [
      'metadata that is no text',
      file({ __metadata__: { step: 1 } }),
      '__metadata__: expected texts by name; got {"step":1}',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it('refuses to write values that do not fit their shape, or a tensor named as the metadata', () => {
    const wrong = { dtype: 'F32', shape: [2], data: new Uint8Array(4) } as const;
    expect(() => encodeSafetensors(new Map([['a', wrong]]))).toThrow('a: expected 8 bytes for F32 [2]; got 4');
    const named = new Map([['__metadata__', float32Tensor([1], [1])]]);
    expect(() => encodeSafetensors(named)).toThrow('name: expected any but __metadata__');
  });

  it('reads every floating-point type as float32', () => {
    const values = [0, 1, -1.5, 0.15625, 65504, 2 ** -24, Number.POSITIVE_INFINITY];
    const half = Uint16Array.of(0x0000, 0x3c00, 0xbe00, 0x3100, 0x7bff, 0x0001, 0x7c00);
    const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const shape = [values.length];
    expect([...toFloat32({ dtype: 'F16', shape, data: bytes(half) })]).toEqual(values);
    expect([...toFloat32({ dtype: 'F64', shape, data: bytes(Float64Array.from(values)) })]).toEqual(values);
    expect([...toFloat32(float32Tensor(values, shape))]).toEqual(values);
    const bfloat = Uint16Array.of(0x3f80, 0xc0b0, 0x7f80, 0x0000);
    expect([...toFloat32({ dtype: 'BF16', shape: [4], data: bytes(bfloat) })]).toEqual([1, -5.5, Infinity, 0]);
    const nan = Uint16Array.of(0x7e00);
    expect(toFloat32({ dtype: 'F16', shape: [1], data: bytes(nan) })[0]).toBeNaN();
    const unaligned = new Uint8Array(9).subarray(1, 9);
    unaligned.set(bytes(Float32Array.of(1, 2)));
    expect([...toFloat32({ dtype: 'F32', shape: [2], data: unaligned })]).toEqual([1, 2]);
    const buffer = Buffer.from(unaligned.buffer).subarray(1);
    expect([...toFloat32({ dtype: 'F32', shape: [2], data: buffer })]).toEqual([1, 2]);
    expect(() => toFloat32({ dtype: 'I32', shape: [1], data: new Uint8Array(4) }, 'ids')).toThrow(
      'ids: expected floating-point values (F32, F16, BF16, F64); got I32',
    );
  });

  it('reads a file as Hugging Face writes it', () => {
    const header =
      '{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}   ';
    const bytes = file(header, 10);
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(metadata).toEqual({ format: 'pt' });
    expect([...tensors.keys()]).toEqual(['b', 'a']);
    expect(tensors.get('a')).toEqual({ dtype: 'BF16', shape: [], data: new Uint8Array(2) });
  });
});
