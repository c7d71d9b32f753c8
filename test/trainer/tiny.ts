import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { TrainingEvent } from '../../src/index.js';
import { type Point, points } from './points.js';
import { type TinyModel, tinyModel } from './tiny-model.js';

export { type Point, points, type TinyModel, tinyModel };

import { Trainer, type TrainerOptions, type TrainingArguments } from '../../src/trainer.js';

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
