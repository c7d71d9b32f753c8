import { type BlockTask, blockLength, ROWS } from './block-task.js';

/** A task with where its values lie: in textures of four values a texel, or of one. */
export interface LaidTask extends BlockTask {
  readonly packed: boolean;
  /** As textures of four values a texel have it: batch, rows, columns. */
  readonly layout: readonly [number, number, number];
  /** Steps of four elements. */
  readonly steps: number;
  readonly length: number;
  readonly rows: number;
}

/** Where one of them is packed, so are all: the backend makes a copy of the others. */
export function layTask({ kind, tensors }: BlockTask, isPacked: (dataId: object) => boolean): LaidTask {
  const packed = tensors.some(({ dataId }) => isPacked(dataId));
  const layout = asThree(tensors[0]!.shape);
  const [batch, rows, columns] = layout;
  const steps = packed ? batch * Math.ceil(rows / 2) * Math.ceil(columns / 2) : Math.ceil(tensors[0]!.size / 4);
  const length = blockLength(steps, 4);
  return { kind, tensors, packed, layout, steps, length, rows: ROWS[kind] * Math.ceil(steps / length) };
}

function asThree(shape: readonly number[]): readonly [number, number, number] {
  const [rows = 1, columns = 1] = shape.length > 1 ? shape.slice(-2) : [1, shape[0]];
  return [shape.slice(0, -2).reduce((product, size) => product * size, 1), rows, columns];
}
