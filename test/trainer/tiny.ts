import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll } from 'vitest';
import type { TrainingEvent } from '../../src/index.js';
import { seededUniform } from '../../src/trainer/data/random.js';
import type { ForwardModel } from '../../src/trainer.js';
import { Trainer, type TrainerOptions, type TrainingArguments } from '../../src/trainer.js';

export interface Point {
  readonly x: readonly number[];
  readonly label: number;
}

/** Points of four numbers, in three classes by which of the first three is largest. */
export function points(count: number, seed = 1): Point[] {
  const uniform = seededUniform(seed);
  return Array.from({ length: count }, () => {
    const x = Array.from({ length: 4 }, () => 2 * uniform() - 1);
    const label = x.slice(0, 3).indexOf(Math.max(...x.slice(0, 3)));
    return { x, label };
  });
}

export interface TinyModel extends ForwardModel {
  readonly kernel: tf.Variable;
  readonly bias: tf.Variable;
  dispose(): void;
}

/** A linear classifier of those points, with seeded noise on its inputs while it trains: as dropout has. */
export function tinyModel({ noise = 0 }: { readonly noise?: number } = {}): TinyModel {
  const uniform = seededUniform(7);
  const kernel = tf.tidy(() =>
    tf.variable(
      tf.tensor2d(
        Array.from({ length: 12 }, () => uniform() - 0.5),
        [4, 3],
      ),
    ),
  );
  const bias = tf.tidy(() => tf.variable(tf.zeros([3])));
  return {
    kernel,
    bias,
    parameters: () => [
      { name: 'linear.weight', variable: kernel },
      { name: 'linear.bias', variable: bias },
    ],
    forward(batch, { training, seed }) {
      const { x } = batch as { readonly x: tf.Tensor2D };
      const jitter = training && noise > 0 ? tf.randomUniform(x.shape, -noise, noise, 'float32', seed) : 0;
      return tf.add(tf.matMul(tf.add(x, jitter) as tf.Tensor2D, kernel as tf.Tensor2D), bias);
    },
    dispose: () => tf.dispose([kernel, bias]),
  };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own, removed after the tests of the file. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-trainer-'));
  folders.push(folder);
  return folder;
}

/** A quiet Trainer that writes nothing, unless the arguments say otherwise. */
export function tinyTrainer(
  args: TrainingArguments = {},
  options: Partial<TrainerOptions<Point>> = {},
): { readonly trainer: Trainer<Point>; readonly model: TinyModel; readonly events: TrainingEvent[] } {
  const model = tinyModel({ noise: 0.1 });
  const trainer = new Trainer<Point>({
    model,
    trainDataset: points(10),
    evalDataset: points(5, 2),
    args: { disableTqdm: true, saveStrategy: 'no', learningRate: 0.05, perDeviceTrainBatchSize: 2, ...args },
    ...options,
  });
  const events: TrainingEvent[] = [];
  trainer.events$.subscribe((event) => events.push(event));
  return { trainer, model, events };
}

/** A model's values, as plain numbers. */
export function valuesOf({ kernel, bias }: TinyModel): number[] {
  return [...kernel.dataSync(), ...bias.dataSync()];
}
