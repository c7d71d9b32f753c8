import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, float32Tensor, toFloat32 } from '../../src/trainer/safetensors.js';
import { BertForSequenceClassification, type LoadReport } from './bert.js';
import { bertConfig } from './bert-config.js';
import { type HubOptions, hubFolder, hubOptions, isOnDisk } from './hub.js';
import { BertTokenizer } from './tokenizer.js';

const FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'];

export interface LoadModelOptions extends HubOptions {
  /** Labels to tell apart, where not those of the checkpoint: a classifier of another size starts fresh. */
  readonly numLabels?: number;
  /** For what the checkpoint does not have; default 42. */
  readonly seed?: number;
}

export interface LoadedModel {
  readonly model: BertForSequenceClassification;
  readonly tokenizer: BertTokenizer;
  /** What was fresh, and what was left out. */
  readonly report: LoadReport;
}

/**
 * Load a BERT of a Hugging Face folder (config.json, model.safetensors, tokenizer.json or vocab.txt), from disk or, by
 * name, from the hub. Where the checkpoint has no classifier or pooler, they are freshly initialised; `report` says so.
 *
 * @throws Error that names the file, for one that is missing, damaged, or of another kind of model.
 */
export async function loadModel(source: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const folder = (await isOnDisk(source)) ? source : await hubFolder(source, FILES, hubOptions(options));
  const fields = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const { numLabels } = options;
  const config = bertConfig(numLabels === undefined ? fields : { ...fields, id2label: labels(numLabels) });
  const tokenizer = await BertTokenizer.fromFolder(folder);
  const values = await readWeights(join(folder, 'model.safetensors'));

  const model = new BertForSequenceClassification(config, options.seed);
  try {
    if (numLabels !== undefined) dropMisfits(model, values);
    return { model, tokenizer, report: model.load(values) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Write a model, and its tokenizer, as a Hugging Face folder that `loadModel` and transformers read. */
export async function saveModel(
  folder: string,
  model: BertForSequenceClassification,
  tokenizer?: BertTokenizer,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = new Map<string, ReturnType<typeof float32Tensor>>();
  for (const { name, variable } of model.parameters()) {
    tensors.set(name, float32Tensor((await variable.data()) as Float32Array, variable.shape));
  }
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors, { format: 'pt' }));
  const files = { ...tokenizer?.files(), ...model.files() };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

/** A checkpoint's float values by the names that the model has. */
async function readWeights(file: string): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const { tensors } = decodeSafetensors(await readFile(file));
  const hasPrefix = [...tensors.keys()].some((name) => name.startsWith('bert.'));
  const values = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, tensor] of tensors) {
    if (name.endsWith('position_ids')) continue; // a constant that old checkpoints carry
    values.set(currentName(name, hasPrefix), { shape: tensor.shape, data: toFloat32(tensor, name) });
  }
  return values;
}

/** Checkpoints of a bare BertModel leave `bert.` out; those converted from TensorFlow say gamma and beta. */
function currentName(name: string, hasPrefix: boolean): string {
  const bare = /^(embeddings|encoder|pooler)\./.test(name);
  return ((bare && !hasPrefix ? 'bert.' : '') + name)
    .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
    .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias');
}

/** A classifier for other labels than asked for is of no use. */
function dropMisfits(model: BertForSequenceClassification, values: Map<string, { shape: readonly number[] }>): void {
  for (const { name, variable } of model.parameters()) {
    const value = values.get(name);
    if (name.startsWith('classifier.') && value?.shape.join() !== variable.shape.join()) values.delete(name);
  }
}

function labels(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [i, `LABEL_${i}`]));
}
