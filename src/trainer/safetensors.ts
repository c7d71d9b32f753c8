/** Bytes of one element, for every element type that safetensors has in whole bytes. */
const ELEMENT_BYTES: Readonly<Record<SafetensorsDtype, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const METADATA = '__metadata__';

/** The types of elements that safetensors has in whole bytes. */
export type SafetensorsDtype =
  | 'F64'
  | 'I64'
  | 'U64'
  | 'C64'
  | 'F32'
  | 'I32'
  | 'U32'
  | 'F16'
  | 'BF16'
  | 'I16'
  | 'U16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I8'
  | 'U8'
  | 'BOOL';

/** One tensor: its values are raw little-endian bytes. */
export interface SafetensorsTensor {
  /** The type of its elements. */
  readonly dtype: SafetensorsDtype;
  /** The lengths of its axes; empty for a scalar. */
  readonly shape: readonly number[];
  /** The bytes of its elements, little-endian, the last axis running fastest. */
  readonly data: Uint8Array;
}

/** The content of a safetensors file: tensors by name, in the order of the file, and free text. */
export interface Safetensors {
  /** By their names. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  /** The texts of the header, by name: `{ format: 'pt' }`, as PyTorch writes it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes that are not a whole safetensors file, or tensors that do not fit in one. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';

  constructor(subject: string, expectation: string, got: string) {
    super(`${subject}: expected ${expectation}; got ${got}`);
  }
}

interface HeaderEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * Write tensors as a safetensors file: an 8-byte length, a JSON header, the values.
 *
 * Wide elements come first, so that every tensor starts at a multiple of its element's bytes; else the order given.
 *
 * @throws SafetensorsError for values that do not fit their shape.
 * @example
 * ```ts
 * import { encodeSafetensors, float32Tensor } from 'trainscope/trainer';
 *
 * const bytes = encodeSafetensors(new Map([['weight', float32Tensor([1, 2, 3, 4], [2, 2])]]), { format: 'pt' });
 * console.log(bytes.length);
 * ```
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(([, a], [, b]) => ELEMENT_BYTES[b.dtype] - ELEMENT_BYTES[a.dtype]);
  const entries: [string, object][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === METADATA) throw new SafetensorsError('name', `any but ${METADATA}, which is the metadata's`, name);
    checkSize(name, dtype, shape, data.length);
    entries.push([name, { dtype, shape, data_offsets: [offset, offset + data.length] }]);
    offset += data.length;
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = Math.ceil((LENGTH_BYTES + header.length) / ALIGNMENT) * ALIGNMENT;

  const bytes = new Uint8Array(start + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  bytes.fill(0x20, LENGTH_BYTES, start); // the header is padded with spaces
  bytes.set(header, LENGTH_BYTES);
  let position = start;
  for (const [, { data }] of ordered) {
    bytes.set(data, position);
    position += data.length;
  }
  return bytes;
}

/**
 * Read a safetensors file. The tensors are views of `bytes`: nothing is copied.
 *
 * @throws SafetensorsError that says what is wrong with a damaged or foreign file.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodeSafetensors, toFloat32 } from 'trainscope/trainer';
 *
 * const { tensors } = decodeSafetensors(await readFile('model.safetensors'));
 * for (const [name, tensor] of tensors) console.log(name, tensor.shape, toFloat32(tensor, name).length);
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const header = readHeader(bytes);
  const values = bytes.subarray(header.end);
  const entries = Object.entries(header.json)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => [name, checkEntry(name, entry, values.length)] as const)
    .sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  checkLayout(entries, values.length);
  const tensors = new Map(
    entries.map(([name, { dtype, shape, data_offsets }]) => [
      name,
      { dtype, shape, data: values.subarray(...data_offsets) },
    ]),
  );
  return { tensors, metadata: checkMetadata(header.json[METADATA]) };
}

/**
 * An F32 tensor of numbers; a Float32Array is not copied.
 *
 * @example
 * ```ts
 * import { encodeSafetensors, float32Tensor } from 'trainscope/trainer';
 *
 * const weight = float32Tensor([1, 2, 3, 4], [2, 2]);
 * const file = encodeSafetensors(new Map([['weight', weight]]));
 * console.log(file.length); // bytes
 * ```
 */
export function float32Tensor(values: Float32Array | readonly number[], shape: readonly number[]): SafetensorsTensor {
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  return { dtype: 'F32', shape, data: new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength) };
}

/**
 * The values of an F32, F16, BF16 or F64 tensor as float32. F32 values that are aligned in memory are not copied.
 *
 * @throws SafetensorsError for a tensor of integers.
 *
 * @example
 * ```ts
 * import { float32Tensor, toFloat32 } from 'trainscope/trainer';
 *
 * console.log(toFloat32(float32Tensor([1, 2], [2]))); // Float32Array(2) [1, 2]
 * ```
 */
export function toFloat32({ dtype, data }: SafetensorsTensor, name = 'tensor'): Float32Array {
  // A copy is aligned; slice() would not do, which gives no copy of a Node Buffer.
  const aligned = data.byteOffset % ELEMENT_BYTES[dtype] === 0 ? data : new Uint8Array(data);
  const { buffer, byteOffset, byteLength } = aligned;
  const length = byteLength / ELEMENT_BYTES[dtype];
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, length);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, length));
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer, byteOffset, length), halfToNumber);
    case 'BF16':
      return new Float32Array(
        Uint32Array.from(new Uint16Array(buffer, byteOffset, length), (bits) => bits << 16).buffer,
      );
    default:
      throw new SafetensorsError(name, 'floating-point values (F32, F16, BF16, F64)', dtype);
  }
}

function readHeader(bytes: Uint8Array): { readonly json: Record<string, unknown>; readonly end: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw new SafetensorsError(
      'safetensors',
      `at least ${LENGTH_BYTES} bytes`,
      `${bytes.length}: the file is cut short`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const room = bytes.length - LENGTH_BYTES;
  if (length > room) {
    const got = `${room}: the file is cut short, or is no safetensors file`;
    throw new SafetensorsError('safetensors', `a header of ${length} bytes`, got);
  }
  const end = LENGTH_BYTES + Number(length);
  const json = parseJson(bytes.subarray(LENGTH_BYTES, end));
  if (!isRecord(json)) throw new SafetensorsError('safetensors header', 'a JSON object', show(json));
  return { json, end };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SafetensorsError('safetensors header', 'JSON', error instanceof Error ? error.message : String(error));
  }
}

function checkEntry(name: string, entry: unknown, size: number): HeaderEntry {
  if (!isRecord(entry)) throw new SafetensorsError(name, 'a header entry', show(entry));
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    throw new SafetensorsError(`${name}.dtype`, `one of ${Object.keys(ELEMENT_BYTES).join(', ')}`, show(dtype));
  }
  if (!isCounts(shape)) throw new SafetensorsError(`${name}.shape`, 'a list of lengths', show(shape));
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw new SafetensorsError(`${name}.data_offsets`, 'a start and an end', show(offsets));
  }
  const [start, end] = offsets as [number, number];
  if (start > end || end > size) {
    throw new SafetensorsError(
      `${name}.data_offsets`,
      `a range within the ${size} bytes of values`,
      `${start} to ${end}`,
    );
  }
  checkSize(name, dtype as SafetensorsDtype, shape, end - start);
  return { dtype: dtype as SafetensorsDtype, shape, data_offsets: [start, end] };
}

function checkSize(name: string, dtype: SafetensorsDtype, shape: readonly number[], bytes: number): void {
  const expected = shape.reduce((product, length) => product * length, ELEMENT_BYTES[dtype]);
  if (!isCounts(shape) || expected !== bytes) {
    throw new SafetensorsError(name, `${expected} bytes for ${dtype} [${shape}]`, `${bytes}`);
  }
}

/** The format wants every byte of the values in one tensor, and only one. */
function checkLayout(entries: readonly (readonly [string, HeaderEntry])[], size: number): void {
  let position = 0;
  for (const [name, { data_offsets }] of entries) {
    const [start, end] = data_offsets;
    if (start !== position) {
      const what = start < position ? 'overlaps the tensor before it' : 'leaves bytes that belong to no tensor';
      throw new SafetensorsError(`${name}.data_offsets`, `a start at ${position}`, `${start}, which ${what}`);
    }
    position = end;
  }
  if (position !== size) {
    throw new SafetensorsError('safetensors', `${position} bytes of values, as the header says`, `${size}`);
  }
}

function checkMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw new SafetensorsError(METADATA, 'texts by name', show(metadata));
  }
  return metadata as Record<string, string>;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
