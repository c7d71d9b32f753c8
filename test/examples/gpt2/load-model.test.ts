import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { causalBatch } from '../../../examples/gpt2/causal-batch.js';
import { Gpt2LMHeadModel } from '../../../examples/gpt2/gpt2.js';
import { gpt2Config } from '../../../examples/gpt2/gpt2-config.js';
import { loadModel, saveModel } from '../../../examples/gpt2/load-model.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensor,
  type SafetensorsTensor,
  toFloat32,
} from '../../../src/trainer/safetensors.js';
import { held, useBackend } from '../../helpers/backend.js';

const TINY = fileURLToPath(new URL('../../reference/fixtures/tiny-gpt2', import.meta.url));
const BATCH = causalBatch([{ inputIds: [0, 5, 7] }]);

let before: ReturnType<typeof held>;
let folder: string;

beforeEach(async () => {
  await useBackend();
  before = held();
  folder = await mkdtemp(join(tmpdir(), 'gpt2-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  expect(held()).toEqual(before);
});

it('reads what save_pretrained has written, and writes the same again', async () => {
  const { model, tokenizer, report } = await loadModel(TINY);
  expect(report).toEqual({ missing: [], unused: [] });
  await saveModel(folder, model, tokenizer);
  expect((await readdir(folder)).sort()).toEqual([
    ...['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
  ]);
  const [theirs, ours] = await Promise.all([tensorsOf(TINY), tensorsOf(folder)]);
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [name, tensor] of theirs) expect(ours.get(name), name).toEqual(tensor);
  const again = await loadModel(folder);
  expect(again.model.config).toEqual(model.config);
  expect(again.tokenizer.encode('a dog is old')).toEqual(tokenizer.encode('a dog is old'));
  for (const one of [model, again.model]) one.dispose();
});

it("has transformers' names, in its order, from wherever it starts", async () => {
  const model = new Gpt2LMHeadModel(gpt2Config({ vocab_size: 9, n_positions: 4, n_embd: 4, n_layer: 1, n_head: 2 }));
  expect(model.parameters().map(({ name, variable }) => `${name} ${variable.shape}`)).toEqual([
    'transformer.wte.weight 9,4',
    'transformer.wpe.weight 4,4',
    'transformer.h.0.ln_1.weight 4',
    'transformer.h.0.ln_1.bias 4',
    'transformer.h.0.attn.c_attn.weight 4,12',
    'transformer.h.0.attn.c_attn.bias 12',
    'transformer.h.0.attn.c_proj.weight 4,4',
    'transformer.h.0.attn.c_proj.bias 4',
    'transformer.h.0.ln_2.weight 4',
    'transformer.h.0.ln_2.bias 4',
    'transformer.h.0.mlp.c_fc.weight 4,16',
    'transformer.h.0.mlp.c_fc.bias 16',
    'transformer.h.0.mlp.c_proj.weight 16,4',
    'transformer.h.0.mlp.c_proj.bias 4',
    'transformer.ln_f.weight 4',
    'transformer.ln_f.bias 4',
  ]);
  model.dispose();
});

it("reads OpenAI's own names, with their mask, and a tied head that is there twice", async () => {
  const { model } = await loadModel(TINY);
  await rewrite((name, tensor) => [
    [name.replace(/^transformer\./, ''), tensor],
    ...(name.endsWith('c_attn.bias') ? [[name.replace('c_attn.', ''), tensor] as const] : []),
    ...(name.endsWith('wte.weight') ? [['lm_head.weight', tensor] as const] : []),
  ]);
  const old = await loadModel(folder);
  expect(old.report).toEqual({ missing: [], unused: [] });
  expect(logits(old.model)).toEqual(logits(model));
  for (const one of [model, old.model]) one.dispose();
});

it('has a head of its own where it is not tied', async () => {
  const { model } = await loadModel(TINY);
  await rewrite(
    (name, tensor) => {
      const doubled = toFloat32(tensor, name).map((value) => 2 * value);
      const head = ['lm_head.weight', float32Tensor(doubled, tensor.shape)] as const;
      return name.endsWith('wte.weight') ? [[name, tensor], head] : [[name, tensor]];
    },
    { tie_word_embeddings: false },
  );
  const untied = await loadModel(folder);
  expect(untied.report).toEqual({ missing: [], unused: [] });
  expect(untied.model.parameters().at(-1)!.name).toBe('lm_head.weight');
  expect(logits(untied.model)).toEqual(logits(model).map((logit) => 2 * logit));
  for (const one of [model, untied.model]) one.dispose();
});

it('refuses another model, and weights of another shape', async () => {
  await rewrite((name, tensor) => [[name, tensor]], { model_type: 'bert' });
  await expect(loadModel(folder)).rejects.toThrow('model_type: expected gpt2; got "bert"');
  await rewrite((name, tensor) => [[name, tensor]], { n_positions: 21 });
  await expect(loadModel(folder)).rejects.toThrow('transformer.wpe.weight: expected shape [21,32]; got [20,32]');
});

function logits(model: Gpt2LMHeadModel): number[] {
  return tf.tidy(() => [...model.forward(BATCH).dataSync()]);
}

async function tensorsOf(of: string): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  return decodeSafetensors(await readFile(join(of, 'model.safetensors'))).tensors;
}

/** The tiny model with other tensors or another configuration, in `folder`. */
async function rewrite(
  change: (name: string, tensor: SafetensorsTensor) => (readonly [string, SafetensorsTensor])[],
  fields: object = {},
): Promise<void> {
  const tensors = [...(await tensorsOf(TINY))].flatMap(([name, tensor]) => change(name, tensor));
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(new Map(tensors)));
  const config = JSON.parse(await readFile(join(TINY, 'config.json'), 'utf8')) as object;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...fields }));
  await writeFile(join(folder, 'tokenizer.json'), await readFile(join(TINY, 'tokenizer.json')));
}
