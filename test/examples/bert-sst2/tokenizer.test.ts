import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BertTokenizer } from '../../../examples/bert-sst2/tokenizer.js';
import { loadSentences } from '../../../examples/text/sentences.js';
import reference from '../../reference/fixtures/minilm.json' with { type: 'json' };

describe('BertTokenizer', () => {
  let uncased: BertTokenizer;
  let folder: string;

  beforeAll(async () => {
    uncased = await BertTokenizer.uncased();
    folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('has the vocabulary of bert-base-uncased', () => {
    expect(uncased.vocabularySize).toBe(30522);
    expect(uncased.padTokenId).toBe(0);
  });

  // Known answers of transformers' bert-base-uncased.
  it.each([
    ['embeddings', [101, 7861, 8270, 4667, 2015, 102]],
    ['Hello, World!', [101, 7592, 1010, 2088, 999, 102]],
    ['Héllo', [101, 7592, 102]],
    ['unaffable', [101, 14477, 20961, 3468, 102]],
    ["it's a 5-star movie", [101, 2009, 1005, 1055, 1037, 1019, 1011, 2732, 3185, 102]],
    ['[MASK] [x]', [101, 103, 1031, 1060, 1033, 102]],
    ['', [101, 102]],
  ])('encodes %j', (text, inputIds) => {
    expect(uncased.encode(text)).toEqual({ inputIds });
  });

  it("has transformers' ids of every review sentence, and of what tokenizers trip over", async () => {
    for (const { text, ids } of reference.sentences) expect(uncased.encode(text).inputIds, text).toEqual(ids);
    const sentences = (await loadSentences()).map(({ sentence }) => sentence);
    expect(sentences.length).toBe(reference.reviewChecksums.length);
    const differ = sentences.filter(
      (text, i) => checksum(uncased.encode(text).inputIds) !== reference.reviewChecksums[i],
    );
    expect(differ).toEqual([]);
  });

  it('says which text of a pair each token is of', () => {
    expect(uncased.encode('hello', { pair: 'hello world' })).toEqual({
      inputIds: [101, 7592, 102, 7592, 2088, 102],
      tokenTypeIds: [0, 0, 0, 1, 1, 1],
    });
  });

  it('cuts the end off, never the special tokens', () => {
    expect(uncased.encode('hello hello hello world', { maxLength: 4 }).inputIds).toEqual([101, 7592, 7592, 102]);
    const pair = uncased.encode('hello hello hello', { pair: 'world', maxLength: 6 });
    expect(pair).toEqual({ inputIds: [101, 7592, 7592, 102, 2088, 102], tokenTypeIds: [0, 0, 0, 0, 1, 1] });
    expect(() => uncased.encode('hello', { maxLength: 1 })).toThrow('maxLength: expected at least 2, for [CLS] and');
  });

  it('reads vocab.txt, with the switches of tokenizer_config.json', async () => {
    const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'Ab', 'ab', '##c'];
    await writeFile(join(folder, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
    expect((await BertTokenizer.fromFolder(folder)).encode('Abc').inputIds).toEqual([2, 5, 6, 3]);
    await writeFile(join(folder, 'tokenizer_config.json'), '{ "do_lower_case": false }');
    expect((await BertTokenizer.fromFolder(folder)).encode('Abc').inputIds).toEqual([2, 4, 6, 3]);
  });

  it('prefers tokenizer.json, and reads what it wrote', async () => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(uncased));
    const read = await BertTokenizer.fromFolder(folder);
    const text = 'The plot was simple; the dialogue was clever.';
    expect(read.encode(text)).toEqual(uncased.encode(text));
  });

  it('says what is missing', async () => {
    await expect(BertTokenizer.fromFolder(tmpdir())).rejects.toThrow('expected tokenizer.json or vocab.txt in it; got');
    expect(() => BertTokenizer.fromVocabulary(['[PAD]', '[UNK]'])).toThrow('vocabulary: expected it to have [CLS]');
  });
});

/** As test/reference/minilm.py makes it. */
function checksum(ids: readonly number[]): number {
  return ids.reduce((total, id) => (total * 31 + id) % (2 ** 31 - 1), 0);
}
