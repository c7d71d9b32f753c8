import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { decodeJson, encodeJson } from '../../src/events/serial/json.js';
import { FILES } from '../../src/trainer/checkpoints/checkpoint.js';
import {
  decodeSafetensors,
  EarlyStopping,
  encodeSafetensors,
  float32Tensor,
  type SafetensorsTensor,
} from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import { signAnew } from './sign-anew.js';
import { newFolder, tinyTrainer, valuesOf } from './tiny.js';

beforeAll(() => useBackend('cpu'));

type Fields = Record<string, unknown>;

/** Changes a JSON file of a checkpoint. */
const json = (file: string, change: (fields: Fields) => void) => (folder: string) => {
  const fields = decodeJson(readFileSync(join(folder, file), 'utf8')) as Fields;
  change(fields);
  writeFileSync(join(folder, file), encodeJson(fields));
};

/** Changes a file of tensors, and its checksum with it. */
const tensors =
  (file: string, change: (tensors: Map<string, SafetensorsTensor>, metadata: Record<string, string>) => void) =>
  (folder: string) => {
    const read = decodeSafetensors(readFileSync(join(folder, file)));
    const [changed, metadata] = [new Map(read.tensors), { ...read.metadata }];
    change(changed, metadata);
    writeFileSync(join(folder, file), encodeSafetensors(changed, metadata));
    signAnew(folder);
  };

const flippedBit = (file: string) => (folder: string) => {
  const bytes = readFileSync(join(folder, file));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(join(folder, file), bytes);
};

const steps = (change: (steps: Fields) => void) =>
  tensors(FILES.optimizer, (_, metadata) => {
    const fields = JSON.parse(metadata.steps!);
    change(fields);
    metadata.steps = JSON.stringify(fields);
  });

const LIES: [string, (folder: string) => void, RegExp | string][] = [
  ['a bit of the weights is another', flippedBit(FILES.weights), /model\.safetensors: expected the SHA-256 that was/],
  ['a bit of the moments is another', flippedBit(FILES.optimizer), /optimizer\.safetensors: expected the SHA-256/],
  ['a bit of the history is another', flippedBit(FILES.history), /update_history\.safetensors: expected the SHA-256/],
  [
    'there are more steps in the state than were made',
    json(FILES.state, (state) => (state.global_step = 1e15)),
    /trainer_state\.json: expected global_step to be 4, as in rng_state\.json, got 1000000000000000/,
  ],
  [
    'the step is NaN everywhere',
    (folder) => {
      json(FILES.state, (state) => (state.global_step = Number.NaN))(folder);
      json(FILES.loop, (loop) => (loop.globalStep = Number.NaN))(folder);
    },
    'expected globalStep to be a whole number of at least 0, got NaN',
  ],
  ['the step is a text', json(FILES.state, (state) => (state.global_step = '4')), 'expected globalStep to be a whole'],
  ['the epoch is NaN', json(FILES.state, (state) => (state.epoch = Number.NaN)), 'expected epoch to be a number of'],
  ['the log is no list', json(FILES.state, (state) => (state.log_history = {})), 'expected logHistory to be a list of'],
  ['the position is NaN', json(FILES.loop, (loop) => (loop.batches = Number.NaN)), 'expected batches to be a whole'],
  ['the position is none', json(FILES.loop, (loop) => delete loop.epoch), 'expected epoch to be a whole number'],
  [
    'the position is past the epoch',
    json(FILES.loop, (loop) => (loop.batches = 6)),
    'expected batches to be at most 5',
  ],
  ['the epoch is far off', json(FILES.loop, (loop) => (loop.epoch = 1e15)), 'expected epoch and batches to be where'],
  [
    'the position is the epoch’s begin',
    json(FILES.loop, (loop) => (loop.batches = 0)),
    'expected epoch and batches to',
  ],
  [
    'an update is of no batch',
    json(FILES.loop, (loop) => (loop.gradientAccumulationSteps = 0)),
    'expected gradientAccumulationSteps to be a whole number above 0, got 0',
  ],
  [
    'the best metric is NaN',
    json(FILES.state, (state) => (state.best_metric = Number.NaN)),
    'expected bestMetric to be a number or null, got NaN',
  ],
  [
    'the state of a callback is none',
    json(FILES.state, (state) => (state.stateful_callbacks = { TrainerControl: null })),
    'expected statefulCallbacks to be states by the names of callbacks',
  ],
  [
    'the history is gone',
    (folder) => rmSync(join(folder, FILES.history)),
    /update_history\.safetensors: expected this/,
  ],
  ['the memory is gone', (folder) => rmSync(join(folder, FILES.memory)), /run_memory\.json: expected this file/],
  [
    'the loss is none',
    json(FILES.loop, (loop) => (loop.loss = { sum: 1 })),
    'expected loss to be numbers sum and total, and a step lastStep',
  ],
  [
    'a factor of the rate is NaN',
    json(FILES.loop, (loop) => (loop.learningRateFactors = { mine: Number.NaN })),
    'expected learningRateFactors to be positive numbers',
  ],
  [
    'the schedule is NaN',
    json(FILES.scheduler, (one) => (one.step = Number.NaN)),
    'expected step to be a whole number',
  ],
  [
    'the schedule is ahead',
    json(FILES.scheduler, (one) => (one.step = 5)),
    'a whole number up to global_step 4, got 5',
  ],
  ['the scale is NaN', json(FILES.scheduler, (one) => (one.scale = Number.NaN)), 'expected scale to be a number'],
  [
    'the memory is a list',
    (folder) => writeFileSync(join(folder, FILES.memory), '[]'),
    /run_memory\.json: it is damaged/,
  ],
  [
    'the steps of AdamW are gone',
    tensors(FILES.optimizer, (_, metadata) => delete metadata.steps),
    'optimizer.safetensors: expected steps to be a JSON object in its metadata, got undefined',
  ],
  [
    'the steps of one parameter are gone',
    steps((fields) => delete fields['linear.bias']),
    'expected steps to be the steps of every parameter that has moments, got "none of linear.bias"',
  ],
  [
    'AdamW has made more steps than the run',
    steps((fields) => (fields['linear.bias'] = 1e9)),
    'expected steps of linear.bias to be a whole number from 1 to global_step 4, got 1000000000',
  ],
  [
    'AdamW has made NaN steps',
    steps((fields) => (fields['linear.bias'] = null)),
    'expected steps of linear.bias to be',
  ],
  [
    'a moment is of another size',
    tensors(FILES.optimizer, (all) => all.set('exp_avg.linear.bias', float32Tensor([1, 2], [2]))),
    'in their shapes, got not those of linear.bias',
  ],
  [
    'a weight is of another size',
    tensors(FILES.weights, (all) => all.set('linear.bias', float32Tensor([1, 2], [2]))),
    'expected linear.bias to be float32 [3], as in the model; got F32 [2]',
  ],
  [
    'the history is of more steps',
    tensors(FILES.history, (all) => {
      all.set('update_norms', { dtype: 'F64', shape: [9, 2], data: new Uint8Array(9 * 2 * 8) });
    }),
    'expected update_norms to be F64 [up to 4, 2], got "F64 [9,2]"',
  ],
];

it.each(LIES)('a checkpoint where %s is refused before anything is changed', async (_name, lie, message) => {
  const outputDir = newFolder();
  const saving = { outputDir, maxSteps: 4, saveStrategy: 'steps', saveSteps: 4 } as const;
  const whole = tinyTrainer(saving);
  await whole.trainer.train();
  lie(join(outputDir, 'checkpoint-4'));
  const resumed = tinyTrainer({ outputDir, maxSteps: 8 });
  const before = [held(), valuesOf(resumed.model)];
  await expect(resumed.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(message);
  expect([held(), valuesOf(resumed.model)]).toEqual(before);
  for (const { model } of [whole, resumed]) model.dispose();
});

it.each<[string, (folder: string) => void, string]>([
  [
    'a slot of another size',
    tensors(FILES.optimizer, (all) => {
      all.set('accumulatedFirstMoment.linear.bias', float32Tensor([1, 2], [2]));
    }),
    'expected accumulatedFirstMoment.linear.bias to be float32 [3]',
  ],
  [
    'no kinds of slots',
    tensors(FILES.optimizer, (_, metadata) => delete metadata.slots),
    'expected slots to be a JSON',
  ],
  [
    'NaN iterations',
    tensors(FILES.optimizer, (_, metadata) => {
      metadata.iterations = 'NaN';
    }),
    'expected iterations to be a whole number',
  ],
])('a checkpoint of tf.train.adam with %s changes neither the model nor the optimizer', async (_name, lie, message) => {
  const outputDir = newFolder();
  const optimizers = [tf.train.adam(0.1), tf.train.adam(0.1)];
  const saving = { outputDir, maxSteps: 4, saveStrategy: 'steps', saveSteps: 4 } as const;
  const whole = tinyTrainer(saving, { optimizer: optimizers[0]! });
  await whole.trainer.train();
  lie(join(outputDir, 'checkpoint-4'));
  const resumed = tinyTrainer({ outputDir, maxSteps: 8 }, { optimizer: optimizers[1]! });
  const before = [held(), valuesOf(resumed.model), optimizers[1]!.iterations];
  await expect(resumed.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(message);
  expect([held(), valuesOf(resumed.model), optimizers[1]!.iterations]).toEqual(before);
  for (const { model } of [whole, resumed]) model.dispose();
  for (const optimizer of optimizers) optimizer.dispose();
});

it('a callback that refuses its state is heard before the model is changed', async () => {
  const outputDir = newFolder();
  const args = { outputDir, evalStrategy: 'steps', evalSteps: 2, saveStrategy: 'steps', saveSteps: 2 } as const;
  const more = { metricForBestModel: 'loss', restoreCallbackStatesFromCheckpoint: true };
  const stopping = () => ({ callbacks: [new EarlyStopping({ patience: 9 })] });
  const whole = tinyTrainer({ ...args, ...more, maxSteps: 2 }, stopping());
  await whole.trainer.train();
  json(FILES.state, (state) => {
    (state.stateful_callbacks as Record<string, Fields>).EarlyStoppingCallback!.attributes = {};
  })(join(outputDir, 'checkpoint-2'));
  const resumed = tinyTrainer({ ...args, ...more, maxSteps: 4 }, stopping());
  const before = [held(), valuesOf(resumed.model)];
  await expect(resumed.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(
    'early_stopping_patience_counter: expected a whole number of at least 0, got undefined',
  );
  expect([held(), valuesOf(resumed.model)]).toEqual(before);
  for (const { model } of [whole, resumed]) model.dispose();
});
