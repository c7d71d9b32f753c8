import * as tf from '@tensorflow/tfjs';
import { AdamW } from 'trainscope/trainer';

type MakeOptimizer = () => tf.Optimizer;

export const sgd =
  (rate: number): MakeOptimizer =>
  () =>
    tf.train.sgd(rate);

export const momentum =
  (rate: number, share = 0.9): MakeOptimizer =>
  () =>
    tf.train.momentum(rate, share);

export const adam =
  (rate: number, epsilon?: number): MakeOptimizer =>
  () =>
    tf.train.adam(rate, undefined, undefined, epsilon);

export const rmsprop =
  (rate: number, epsilon?: number): MakeOptimizer =>
  () =>
    tf.train.rmsprop(rate, undefined, undefined, epsilon);

export const adamw =
  (learningRate: number, weightDecay = 0.01): MakeOptimizer =>
  () =>
    new AdamW({ learningRate, weightDecay });

/** Linearly up, then by a cosine down to 0. */
export function cosine(warmup: number): (step: number, steps: number) => number {
  return (step, steps) =>
    step < warmup ? (step + 1) / warmup : (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup))) / 2;
}

/** To a tenth after each third. */
export function stairs(step: number, steps: number): number {
  return 0.1 ** Math.floor((3 * step) / steps);
}
