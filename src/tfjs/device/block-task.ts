import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * What a device program finds of one parameter: `update` of its old and new value, `moments` of the same, `squares` of
 * its gradient. The tensors are float32, of the same shape and not empty.
 */
export interface BlockTask {
  readonly kind: 'update' | 'moments' | 'squares';
  readonly tensors: readonly Tensor[];
}

/** How many rows of four numbers a block gives. */
export const ROWS = { update: 1, moments: 3, squares: 1 } as const satisfies Record<BlockTask['kind'], number>;

/** What the programs gave: rows of four numbers, and which of them are of which task. */
export interface BlockRows {
  readonly numbers: Tensor;
  readonly spans: readonly { readonly from: number; readonly rows: number }[];
}

/** Runs programs of its own on a device. Whoever calls it disposes what it gives. */
export type BlockProgram = (tasks: readonly BlockTask[]) => BlockRows;

/** Counts of a block go into one float32 together: see `block-numbers.ts`. */
export const LARGEST_BLOCK = 4095;

/** How many numbers are added one by one, in float32, before the sum goes to the next level. */
export const INNER_LOOP = 16;

/** How many blocks there are of so many steps, of a few elements each: enough to keep a device busy, few to read. */
export function blockLength(steps: number, elementsPerStep: number): number {
  const wanted = Math.max(Math.ceil(steps / 2048), 256 / elementsPerStep);
  return Math.min(wanted, Math.floor(LARGEST_BLOCK / elementsPerStep));
}
