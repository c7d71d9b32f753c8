import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Batch, defaultCollator, type TrainingArguments } from '../../src/trainer.js';
import { useBackend } from '../helpers/backend.js';
import { newFolder, type Point, points, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

type Options = Parameters<typeof tinyTrainer>[1];

/** Ten examples in batches of two, two epochs: resumed from a step with other arguments. */
async function resumedWith(step: number, before: TrainingArguments, after: TrainingArguments, options: Options = {}) {
  const outputDir = newFolder();
  const saving = { outputDir, numTrainEpochs: 2, saveStrategy: 'steps', saveSteps: 1, ...before } as const;
  const first = tinyTrainer(saving);
  await first.trainer.train();
  const resumed = tinyTrainer({ ...saving, saveStrategy: 'no', ...after }, options);
  const from = join(outputDir, `checkpoint-${step}`);
  const ran = resumed.trainer.train({ resumeFromCheckpoint: from });
  await ran.catch(() => {});
  const steps = resumed.events.filter((event) => event.type === 'step-end');
  for (const { model } of [first, resumed]) model.dispose();
  return { ran, steps, epoch: resumed.trainer.state.epoch, maxSteps: resumed.trainer.state.maxSteps };
}

describe('a training that goes on with other accumulation', () => {
  const acc = (gradientAccumulationSteps: number) => ({ gradientAccumulationSteps });

  // Of five batches an epoch: the step to go on from, the steps, epochs and examples there are in the end.
  it.each<[string, number, TrainingArguments, TrainingArguments, number, number, number]>([
    ['in the middle of an epoch, in larger updates', 3, {}, acc(2), 7, 2, 14],
    ['in the middle of an epoch, in smaller updates', 2, acc(2), acc(1), 8, 2, 12],
    ['at the end of an epoch', 5, {}, acc(2), 8, 2, 10],
    ['at the end of the last', 5, {}, { numTrainEpochs: 1, ...acc(2) }, 5, 1, 0],
    ['with a part of an epoch', 3, {}, { numTrainEpochs: 1.5, ...acc(2) }, 6, 1.8, 12],
    ['with a number of steps', 3, {}, { maxSteps: 6, ...acc(2) }, 6, 1.8, 12],
    [
      'with more epochs behind it than the steps are',
      3,
      { numTrainEpochs: 3, ...acc(5) },
      { maxSteps: 12, ...acc(1) },
      12,
      4.8,
      18,
    ],
  ])('sees all that is left, and nothing twice: %s', async (_name, step, before, after, steps, epoch, examples) => {
    const resumed = await resumedWith(step, before, after);
    expect((await resumed.ran).globalStep).toBe(steps);
    expect(resumed.maxSteps).toBe(steps);
    expect(resumed.epoch).toBeCloseTo(epoch, 9);
    expect(resumed.steps.reduce((sum, one) => sum + one.examples!, 0)).toBe(examples);
  });

  it('is refused where the order of the examples would be another', async () => {
    const strategy = { trainSamplingStrategy: 'group_by_length', lengthColumnName: 'label' } as const;
    const { ran } = await resumedWith(3, strategy, acc(2));
    await expect(ran).rejects.toThrow('gradientAccumulationSteps (with trainSamplingStrategy "group_by_length")');
  });
});

describe('a training that goes on with', () => {
  it('more examples is refused in the middle of an epoch, and goes on at its end', async () => {
    const more = { trainDataset: points(14) };
    const { ran } = await resumedWith(3, {}, {}, more);
    await expect(ran).rejects.toThrow('trainDataset (batches in an epoch): expected that of the checkpoint');
    const atEnd = await resumedWith(5, {}, {}, more);
    expect(await atEnd.ran).toMatchObject({ globalStep: 12 });
    expect(atEnd.epoch).toBe(2);
  });

  it('other batches, without the data of before, has the epochs that are asked for', async () => {
    const { ran, epoch } = await resumedWith(5, {}, { perDeviceTrainBatchSize: 5, ignoreDataSkip: true });
    expect(await ran).toMatchObject({ globalStep: 7 });
    expect(epoch).toBe(2);
  });

  it('another rate, decay and betas takes those of now', async () => {
    const { ran, steps } = await resumedWith(
      4,
      { lrSchedulerType: 'constant', learningRate: 0.05 },
      { learningRate: 0.01, weightDecay: 0.5, adamBeta1: 0.5 },
    );
    await ran;
    expect(steps.map(({ learningRate }) => learningRate)).toEqual(new Array(6).fill(0.01));
  });
});

it('with trainSamplingStrategy "sequential" the examples come in their order, and another order is not gone on from', async () => {
  const seen: number[][] = [];
  const dataCollator = (examples: readonly Point[]): Batch => {
    seen.push(examples.map((example) => all.indexOf(example)));
    return defaultCollator(examples);
  };
  const all = points(6);
  const outputDir = newFolder();
  const args = { outputDir, numTrainEpochs: 2, saveStrategy: 'steps', saveSteps: 1 } as const;
  const options = { trainDataset: all, dataCollator };
  const sequential = tinyTrainer({ ...args, trainSamplingStrategy: 'sequential' }, options);
  await sequential.trainer.train();
  expect(seen).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const random = tinyTrainer(args, options);
  await expect(random.trainer.train({ resumeFromCheckpoint: join(outputDir, 'checkpoint-2') })).rejects.toThrow(
    'trainSamplingStrategy: expected that of the checkpoint',
  );
  for (const { model } of [sequential, random]) model.dispose();
});
