import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainingEvent } from '../../src/index.js';
import { type Point, points } from './points.js';
import { type TinyModel, tinyModel } from './tiny-model.js';

export { type Point, points, type TinyModel, tinyModel };

import { Trainer, type TrainerOptions, type TrainingArguments } from '../../src/trainer.js';

/** A folder of its own. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'trainscope-trainer-'));
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
