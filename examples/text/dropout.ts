import * as tf from '@tensorflow/tfjs-core';
import { seededUint32 } from './random.js';

export interface ForwardOptions {
  /** Dropout is on; default false. */
  readonly training?: boolean;
  /**
   * Names the dropout masks: the same seed drops the same values, on every backend. Give one made of the step, and a
   * resumed run is the run that was not stopped; by default the model counts its training passes.
   */
  readonly seed?: number;
}

/** The dropout of a model's forward passes. */
export class PassDropout {
  #trainingPasses = 0;

  constructor(private readonly seed: number) {}

  /** Of the next pass. */
  next({ training = false, seed }: ForwardOptions): Dropout {
    if (!training) return new Dropout(undefined);
    return new Dropout(seed ?? this.seed + this.#trainingPasses++);
  }
}

/** Makes the masks of one forward pass; each call of `drop` has its own, named by its index. */
export class Dropout {
  #calls = 0;

  /** Without a seed, nothing is dropped. */
  constructor(private readonly seed: number | undefined) {}

  drop<T extends tf.Tensor>(x: T, probability: number): T {
    const call = this.#calls++;
    if (this.seed === undefined || probability === 0) return x;
    return tf.mul(x, tf.tensor(dropoutMask(x.size, probability, this.seed, call), x.shape)) as T;
  }
}

/** 0 where dropped, else what keeps the mean. */
function dropoutMask(size: number, probability: number, ...seed: readonly number[]): Float32Array {
  const next = seededUint32(...seed);
  const dropBelow = probability * 2 ** 32;
  const kept = 1 / (1 - probability);
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i++) mask[i] = next() < dropBelow ? 0 : kept;
  return mask;
}
