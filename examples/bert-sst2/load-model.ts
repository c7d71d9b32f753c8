import { type HubOptions, hubFolder, hubOptions, isOnDisk } from '../text/hub.js';
import { readConfig, readValues, writeModelFolder } from '../text/model-folder.js';
import type { LoadReport } from '../text/named-variables.js';
import { BertForSequenceClassification } from './bert.js';
import { bertConfig } from './bert-config.js';
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
  const fields = await readConfig(folder);
  const { numLabels } = options;
  const config = bertConfig(numLabels === undefined ? fields : { ...fields, id2label: labels(numLabels) });
  const tokenizer = await BertTokenizer.fromFolder(folder);
  const values = await readValues(folder, currentNames);

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
export function saveModel(
  folder: string,
  model: BertForSequenceClassification,
  tokenizer?: BertTokenizer,
): Promise<void> {
  return writeModelFolder(folder, model, tokenizer);
}

/** Checkpoints of a bare BertModel leave `bert.` out; those converted from TensorFlow say gamma and beta. */
function currentNames(all: readonly string[]): (name: string) => string | undefined {
  const hasPrefix = all.some((name) => name.startsWith('bert.'));
  return (name) => {
    if (name.endsWith('position_ids')) return undefined; // a constant that old checkpoints carry
    const bare = /^(embeddings|encoder|pooler)\./.test(name);
    return ((bare && !hasPrefix ? 'bert.' : '') + name)
      .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
      .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias');
  };
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
