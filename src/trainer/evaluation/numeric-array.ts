import type { Tensor } from '@tensorflow/tfjs-core';

/** Numbers in rows, apart from any backend: `data` is row by row. */
export interface NumericArray {
  /** The lengths of its axes; the first is that of the examples. */
  readonly shape: readonly number[];
  /** The values, the last axis running fastest. */
  readonly data: Float32Array | Int32Array;
}

/** What fills up rows that are shorter than others; labels of it do not count. */
const PADDING = -100;

/** A tensor's values. */
export async function readNumeric(tensor: Tensor): Promise<NumericArray> {
  const data = (await tensor.data()) as Float32Array | Int32Array | Uint8Array;
  return { shape: [...tensor.shape], data: data instanceof Uint8Array ? Int32Array.from(data) : data.slice() };
}

/** Batches as one, along the first axis; where they differ in length, padded with −100, as Hugging Face does. */
export function concatNumeric(parts: readonly NumericArray[]): NumericArray {
  const [first] = parts;
  if (!first) return { shape: [0], data: new Float32Array() };
  const inner = first.shape.slice(1).map((_, axis) => Math.max(...parts.map(({ shape }) => shape[axis + 1] ?? 1)));
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
  const rowSize = inner.reduce((product, length) => product * length, 1);
  const floats = parts.some(({ data }) => data instanceof Float32Array);
  const data = floats ? new Float32Array(rows * rowSize) : new Int32Array(rows * rowSize);
  let position = 0;
  for (const part of parts) {
    const size = (part.shape[0] ?? 1) * rowSize;
    data.set(padded(part, inner), position);
    position += size;
  }
  return { shape: [rows, ...inner], data };
}

function padded({ shape, data }: NumericArray, inner: readonly number[]): ArrayLike<number> {
  if (shape.slice(1).join() === inner.join()) return data;
  const own = shape.slice(1);
  const rows = shape[0] ?? 1;
  const out = new Float32Array(rows * inner.reduce((product, length) => product * length, 1)).fill(PADDING);
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    let stride = 1;
    let target = 0;
    for (let axis = own.length - 1; axis >= 0; axis--) {
      target += (rest % own[axis]!) * stride;
      rest = Math.floor(rest / own[axis]!);
      stride *= inner[axis]!;
    }
    out[target + rest * stride] = data[i]!;
  }
  return out;
}
