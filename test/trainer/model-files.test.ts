import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { FILES } from '../../src/trainer/checkpoints/checkpoint.js';
import { decodeSafetensors, encodeSafetensors, float32Tensor } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import { newFolder, tinyTrainer, valuesOf } from './tiny.js';
import { tinyModel } from './tiny-model.js';

beforeAll(() => useBackend('cpu'));

const CONFIG = '{"model_type":"tiny"}\n';

it('checkpoints and saveModel() carry the config of the model, and the tokenizer', async () => {
  const outputDir = newFolder();
  const model = { ...tinyModel(), files: async () => ({ 'config.json': CONFIG }) };
  const processingClass = { files: () => ({ 'tokenizer.json': '{}', 'config.json': 'not this one' }) };
  const { trainer, model: unused } = tinyTrainer(
    { outputDir, maxSteps: 2, saveStrategy: 'steps', saveSteps: 2 },
    { model, processingClass },
  );
  await trainer.train();
  const final = newFolder();
  await trainer.saveModel(final);
  expect(readdirSync(final).sort()).toEqual(['config.json', FILES.weights, 'tokenizer.json']);
  for (const folder of [final, join(outputDir, 'checkpoint-2')]) {
    expect(readFileSync(join(folder, 'config.json'), 'utf8')).toBe(CONFIG);
    expect(readFileSync(join(folder, 'tokenizer.json'), 'utf8')).toBe('{}');
  }
  await trainer.train({ resumeFromCheckpoint: true });
  for (const one of [model, unused]) one.dispose();
});

it.each(['../out.json', FILES.state, ''])('a file named %j is refused', async (name) => {
  const model = { ...tinyModel(), files: () => ({ [name]: '' }) };
  const { trainer, model: unused } = tinyTrainer({}, { model });
  await expect(trainer.saveModel(newFolder())).rejects.toThrow('files(): expected names of files beside');
  for (const one of [model, unused]) one.dispose();
});

it("takes the weights of a transformers checkpoint, and says what it took, and that optimizer.pt is torch's", async () => {
  const before = held();
  const folder = newFolder();
  const half = new Uint8Array(Uint16Array.from({ length: 12 }, (_, i) => 0x3c00 + i).buffer);
  const weights = new Map([
    ['linear.weight', { dtype: 'F16' as const, shape: [4, 3], data: half }],
    ['linear.bias', float32Tensor([1, 2], [2])],
    ['head.weight', float32Tensor([1], [1])],
  ]);
  writeFileSync(join(folder, FILES.weights), encodeSafetensors(weights));
  for (const file of ['optimizer.pt', 'scheduler.pt', 'rng_state.pth']) writeFileSync(join(folder, file), '');
  const { trainer, model } = tinyTrainer();
  const bias = [...model.bias.dataSync()];
  const loaded = await trainer.loadModel(folder);
  expect(loaded).toEqual({
    ...{ taken: ['linear.weight'], missing: [], misfits: ['linear.bias'], unused: ['head.weight'] },
    message: `${folder}: 1 parameter taken; 1 of another shape in it, and left as they were: linear.bias; 1 in it, and not in the model: head.weight; optimizer.pt, rng_state.pth, scheduler.pt are torch's own, which is not read here: trainer.loadModel() takes the weights alone, and the training begins anew from them`,
  });
  expect(valuesOf(model).slice(0, 2)).toEqual([1, 1 + 2 ** -10]);
  expect([...model.bias.dataSync()]).toEqual(bias);

  weights.delete('linear.weight');
  weights.delete('linear.bias');
  writeFileSync(join(folder, FILES.weights), encodeSafetensors(weights));
  await expect(trainer.loadModel(folder)).rejects.toThrow(
    'expected weights by the names of this model, such as linear.weight, got head.weight',
  );
  rmSync(join(folder, FILES.weights));
  await expect(trainer.loadModel(folder)).rejects.toThrow('loadModel: expected model.safetensors in');
  model.dispose();
  expect(held()).toEqual(before);
});

it('takes no weights of a checkpoint that are not as they were written', async () => {
  const outputDir = newFolder();
  const { trainer, model } = tinyTrainer({ outputDir, maxSteps: 2, saveStrategy: 'steps', saveSteps: 2 });
  await trainer.train();
  const folder = join(outputDir, 'checkpoint-2');
  expect((await trainer.loadModel(folder)).taken).toEqual(['linear.weight', 'linear.bias']);
  const bytes = readFileSync(join(folder, FILES.weights));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(join(folder, FILES.weights), bytes);
  const before = valuesOf(model);
  await expect(trainer.loadModel(folder)).rejects.toThrow('model.safetensors: expected the SHA-256 that was written');
  expect(valuesOf(model)).toEqual(before);
  model.dispose();
});

it('is told, where a transformers checkpoint is resumed from, what can be had of it', async () => {
  const outputDir = newFolder();
  const args = { outputDir, maxSteps: 2, saveStrategy: 'steps', saveSteps: 2, saveOnlyModel: true } as const;
  const { trainer, model } = tinyTrainer(args);
  await trainer.train();
  const folder = join(outputDir, 'checkpoint-2');
  writeFileSync(join(folder, 'optimizer.pt'), '');
  await expect(trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow(
    "cannot be resumed from; optimizer.pt is torch's own, which is not read here: trainer.loadModel() takes the weights",
  );
  const { taken, missing, unused } = await trainer.loadModel(folder);
  expect([taken, missing, unused]).toEqual([['linear.weight', 'linear.bias'], [], []]);
  expect([...decodeSafetensors(readFileSync(join(folder, FILES.weights))).tensors.keys()]).toEqual(taken);
  model.dispose();
});
