import { type HubOptions, hubFolder, hubOptions, isOnDisk } from '../text/hub.js';
import { readConfig, readValues, writeModelFolder } from '../text/model-folder.js';
import type { LoadReport } from '../text/named-variables.js';
import { Gpt2LMHeadModel } from './gpt2.js';
import { gpt2Config } from './gpt2-config.js';
import { Gpt2Tokenizer } from './tokenizer.js';

const FILES = [
  ...['config.json', 'model.safetensors'],
  ...['tokenizer.json', 'tokenizer_config.json', 'vocab.json', 'merges.txt'],
];

export interface LoadModelOptions extends HubOptions {
  /** For what the checkpoint does not have; default 42. */
  readonly seed?: number;
}

export interface LoadedModel {
  readonly model: Gpt2LMHeadModel;
  readonly tokenizer: Gpt2Tokenizer;
  /** What was fresh, and what was left out. */
  readonly report: LoadReport;
}

/**
 * Load a GPT-2 of a Hugging Face folder (config.json, model.safetensors, tokenizer.json or vocab.json with merges.txt),
 * as `save_pretrained` writes it, from disk or, by name, from the hub.
 *
 * @throws Error that names the file, for one that is missing, damaged, or of another kind of model.
 */
export async function loadModel(source: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const folder = (await isOnDisk(source)) ? source : await hubFolder(source, FILES, hubOptions(options));
  const config = gpt2Config(await readConfig(folder));
  const tokenizer = await Gpt2Tokenizer.fromFolder(folder);
  const values = await readValues(folder, () => (name) => currentName(name, config.tie_word_embeddings));
  const model = new Gpt2LMHeadModel(config, options.seed);
  try {
    return { model, tokenizer, report: model.load(values) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Write a model, and its tokenizer, as a Hugging Face folder that `loadModel` and transformers read. */
export function saveModel(folder: string, model: Gpt2LMHeadModel, tokenizer?: Gpt2Tokenizer): Promise<void> {
  return writeModelFolder(folder, model, tokenizer);
}

/**
 * OpenAI's own checkpoints leave `transformer.` out, and carry the causal mask as `attn.bias`; a head that is tied may
 * be there a second time.
 */
function currentName(name: string, isTied: boolean): string | undefined {
  if (/\.attn\.(masked_)?bias$/.test(name)) return undefined;
  if (name === 'lm_head.weight') return isTied ? undefined : name;
  return name.startsWith('transformer.') ? name : `transformer.${name}`;
}
