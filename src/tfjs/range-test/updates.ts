import { type Optimizer, type Scalar, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { hookMethod } from '../hook-method.js';
import { readLoss } from '../read-loss.js';
import type { NextBatch } from './batches.js';
import { FirstState } from './first-state.js';

type Minimize = Optimizer['minimize'];
type Read = ReturnType<typeof readLoss>;

/** The losses of one update: with the weights of now, and with those of the beginning. */
export interface Losses {
  readonly loss: number;
  readonly firstLoss: number;
}

/** Makes the n-th update; false where there is no batch for it. */
export type MakeUpdate = (step: number) => boolean | Promise<boolean>;

/** Updates of a model by batches. */
export function updatesByBatches(model: LayersModel, next: NextBatch): MakeUpdate {
  return async () => {
    const batch = await next();
    if (!batch) return false;
    try {
      await model.trainOnBatch(batch.xs, batch.ys);
    } finally {
      batch.dispose();
    }
    return true;
  };
}

/** Updates by a loss of one's own. */
export function updatesByLoss(optimizer: Optimizer, loss: (step: number) => Scalar): MakeUpdate {
  return (step) => {
    optimizer.minimize(() => loss(step));
    return true;
  };
}

/**
 * Watches the updates of an optimizer, each of which ends in `minimize`: what the loss of its batch is, and what it was
 * with the weights of the beginning. Both of the same batch, so that how far it has come is not lost in the differences
 * between batches.
 */
export class WatchedUpdates {
  readonly #first: FirstState;
  readonly #unhook: () => void;
  #seen: readonly [Read, Read] | undefined;

  constructor(optimizer: Optimizer) {
    this.#first = new FirstState(optimizer);
    this.#unhook = hookMethod(
      optimizer,
      'minimize',
      (minimize) =>
        (...args) =>
          this.#minimize(minimize, ...args),
    );
  }

  /** Of the update that was made since the last time. */
  async losses(): Promise<Losses> {
    const [loss = Number.NaN, firstLoss = Number.NaN] = await Promise.all(this.#seen ?? []);
    this.#seen = undefined;
    return { loss, firstLoss };
  }

  /** Put back all that the updates have changed. */
  restore(): void {
    this.#unhook();
    this.#first.restore();
  }

  #minimize(minimize: Minimize, f: () => Scalar, returnCost?: boolean, variables?: Variable[]): Scalar | null {
    const firstLoss = this.#first.atFirst(() => lossOf(f));
    // A model may make its variables in its first pass.
    this.#first.holdNew();
    const cost = this.#first.during(() => minimize(f, true, variables));
    this.#seen = [readLoss(cost), firstLoss];
    if (returnCost) return cost;
    cost?.dispose();
    return null;
  }
}

function lossOf(f: () => Tensor): Read {
  let read: Read;
  tidy(() => {
    read = readLoss(f());
  });
  return read;
}
