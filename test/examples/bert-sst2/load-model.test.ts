import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BertForSequenceClassification } from '../../../examples/bert-sst2/bert.js';
import { loadModel, saveModel } from '../../../examples/bert-sst2/load-model.js';
import { BertTokenizer } from '../../../examples/bert-sst2/tokenizer.js';
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from '../../../src/trainer/safetensors.js';
import { BACKENDS, held, useBackend } from '../../helpers/backend.js';
import { loopbackHub } from './loopback-hub.js';
import { shakeWeights, TINY, TINY_BATCH, weightsOf } from './tiny.js';

const TOKENIZER = BertTokenizer.fromVocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'b', 'c', 'd', 'e', 'f', 'g']);

describe.each(BACKENDS)('a model on disk, on %s', (backend) => {
  let folder: string;
  let before: ReturnType<typeof held>;
  let model: BertForSequenceClassification;

  beforeEach(async () => {
    await useBackend(backend);
    folder = await mkdtemp(join(tmpdir(), 'bert-'));
    before = held();
    model = new BertForSequenceClassification(TINY);
    shakeWeights(model);
    await saveModel(folder, model, TOKENIZER);
  });
  afterEach(async () => {
    model.dispose();
    expect(held()).toEqual(before);
    await rm(folder, { recursive: true });
  });

  it('is the model that was saved', async () => {
    const loaded = await loadModel(folder);
    expect(loaded.report).toEqual({ missing: [], unused: [] });
    expect(loaded.model.config).toEqual(model.config);
    expect(weightsOf(loaded.model)).toEqual(weightsOf(model));
    expect(loaded.tokenizer.encode('A c').inputIds).toEqual([2, 4, 6, 3]);
    const [original, copy] = [model.forward(TINY_BATCH), loaded.model.forward(TINY_BATCH)];
    expect(copy.dataSync()).toEqual(original.dataSync());
    original.dispose();
    copy.dispose();
    loaded.model.dispose();
  });

  it('is a folder that Hugging Face knows', async () => {
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ model_type: 'bert', hidden_size: 8, id2label: { 2: 'good' } });
    const { tensors, metadata } = decodeSafetensors(await readFile(join(folder, 'model.safetensors')));
    expect(metadata).toEqual({ format: 'pt' });
    expect([...tensors.keys()]).toEqual(model.parameters().map(({ name }) => name));
  });

  it('may be a bare encoder with the names of old checkpoints', async () => {
    await rewrite((name, tensor) => {
      if (name.startsWith('classifier')) return [];
      const old = name.replace(/^bert\./, '').replace('LayerNorm.weight', 'LayerNorm.gamma');
      return [[old.replace('LayerNorm.bias', 'LayerNorm.beta'), tensor]];
    });
    const loaded = await loadModel(folder);
    expect(loaded.report).toEqual({ missing: ['classifier.weight', 'classifier.bias'], unused: [] });
    const [original, copy] = [model.hiddenStates(TINY_BATCH), loaded.model.hiddenStates(TINY_BATCH)];
    expect(copy.dataSync()).toEqual(original.dataSync());
    original.dispose();
    copy.dispose();
    loaded.model.dispose();
  });

  it('may have half-precision weights, constants, and heads for another task', async () => {
    await rewrite((name, tensor) => [
      [name, name.endsWith('.bias') ? asBfloat16(tensor) : tensor],
      ...(name === 'classifier.bias' ? [['cls.predictions.bias', tensor] as const] : []),
      ...(name === 'classifier.bias' ? [['bert.embeddings.position_ids', POSITION_IDS] as const] : []),
    ]);
    const loaded = await loadModel(folder);
    expect(loaded.report).toEqual({ missing: [], unused: ['cls.predictions.bias'] });
    const [original, read] = [weightsOf(model), weightsOf(loaded.model)];
    for (const [name, { data }] of read) {
      data.forEach((value, i) => {
        const exact = original.get(name)!.data[i]!;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(name.endsWith('.bias') ? Math.abs(exact) / 128 : 0);
      });
    }
    loaded.model.dispose();
  });

  it('gets a fresh classifier for another number of labels', async () => {
    const loaded = await loadModel(folder, { numLabels: 2 });
    expect(loaded.report.missing).toEqual(['classifier.weight', 'classifier.bias']);
    expect(loaded.model.parameters().at(-1)!.variable.shape).toEqual([2]);
    loaded.model.dispose();
    const same = await loadModel(folder, { numLabels: 3 });
    expect(same.report.missing).toEqual([]);
    same.model.dispose();
  });

  it('fails with a reason, and leaves nothing behind', async () => {
    const config = join(folder, 'config.json');
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace('"hidden_size": 8', '"hidden_size": 4'));
    await expect(loadModel(folder)).rejects.toThrow('word_embeddings.weight: expected shape [11,4]; got [11,8]');
    await writeFile(config, text.replace('"bert"', '"gpt2"'));
    await expect(loadModel(folder)).rejects.toThrow('model_type: expected bert; got "gpt2"');
    await writeFile(config, text);
    await truncate(join(folder, 'model.safetensors'), 5000);
    await expect(loadModel(folder)).rejects.toThrow(/data_offsets: expected a range within the \d+ bytes of values/);
    await rm(join(folder, 'model.safetensors'));
    await expect(loadModel(folder)).rejects.toThrow('model.safetensors');
  });

  async function rewrite(
    change: (name: string, tensor: SafetensorsTensor) => (readonly [string, SafetensorsTensor])[],
  ) {
    const file = join(folder, 'model.safetensors');
    const { tensors } = decodeSafetensors(await readFile(file));
    const changed = [...tensors].flatMap(([name, tensor]) => change(name, tensor));
    await writeFile(file, encodeSafetensors(new Map(changed)));
  }
});

describe('a model by name', () => {
  it('comes from the hub once, then from the cache', async () => {
    await useBackend('cpu');
    const folder = await mkdtemp(join(tmpdir(), 'bert-hub-'));
    const model = new BertForSequenceClassification(TINY);
    await saveModel(join(folder, 'model'), model, TOKENIZER);
    const names = await readdir(join(folder, 'model'));
    const files = await Promise.all(
      names.map(async (name) => [name, await readFile(join(folder, 'model', name))] as const),
    );
    const hub = await loopbackHub('someone/tiny-bert', new Map([...files, ['README.md', Buffer.from('#')]]));
    const options = { hubUrl: hub.url, cacheDir: join(folder, 'cache') };
    for (const downloads of [names, names]) {
      const loaded = await loadModel('someone/tiny-bert', options);
      expect(weightsOf(loaded.model)).toEqual(weightsOf(model));
      loaded.model.dispose();
      expect(hub.downloads.sort()).toEqual([...downloads].sort());
    }
    await expect(loadModel('someone/else', options)).rejects.toThrow(
      /someone\/else: expected a folder on disk, or the name of a repository on the Hugging Face hub; got .*404/,
    );
    await hub.close();
    await expect(loadModel('someone/tiny-bert', options)).rejects.toThrow(
      /got fetch failed .*Without the hub, download the files by other means and give their folder\./,
    );
    model.dispose();
    await rm(folder, { recursive: true });
  });
});

const POSITION_IDS: SafetensorsTensor = { dtype: 'I64', shape: [1, 1], data: new Uint8Array(8) };

function asBfloat16({ shape, data }: SafetensorsTensor): SafetensorsTensor {
  const bits = new Uint32Array(new Uint8Array(data).buffer);
  return { dtype: 'BF16', shape, data: new Uint8Array(Uint16Array.from(bits, (value) => value >>> 16).buffer) };
}
