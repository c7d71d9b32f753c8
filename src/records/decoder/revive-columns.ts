import { describeValue } from '../../events/index.js';

/** Of own properties, whatever their names: `columns['__proto__'] = values` would set a prototype. */
export function reviveColumns(
  what: string,
  columns: unknown,
  length: number,
  bytes?: Uint8Array,
): Record<string, Float64Array> {
  if (typeof columns !== 'object' || columns === null) {
    throw new TypeError(`${what}: expected columns by name, got ${describeValue(columns)}`);
  }
  const revived = Object.entries(columns).map(([name, values]) => {
    const column = reviveColumn(values, length, bytes);
    if (column) return [name, column] as const;
    throw new TypeError(`${what}.${name}: expected ${length} numbers, one a parameter, got something else`);
  });
  return Object.fromEntries(revived);
}

function reviveColumn(values: unknown, length: number, bytes: Uint8Array | undefined): Float64Array | undefined {
  if (values instanceof Float64Array) return values.length === length ? values : undefined;
  if (typeof values === 'number') return new Float64Array(length).fill(values);
  if (Array.isArray(values)) {
    return values.length === length && isNumbers(values) ? Float64Array.from(values) : undefined;
  }
  return bytes && typeof values === 'object' && values !== null ? columnOfBytes(values, length, bytes) : undefined;
}

/** Little-endian numbers from a byte on. */
function columnOfBytes({ at, as }: { at?: unknown; as?: unknown }, length: number, bytes: Uint8Array) {
  const width = as === 'float64' ? 8 : as === 'float32' ? 4 : undefined;
  if (!width || typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at + length * width > bytes.length) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length * width);
  const column = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    column[i] = width === 8 ? view.getFloat64(i * 8, true) : view.getFloat32(i * 4, true);
  }
  return column;
}

function isNumbers(values: readonly unknown[]): values is readonly number[] {
  return values.every((value) => typeof value === 'number');
}
