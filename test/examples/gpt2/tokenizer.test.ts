import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Gpt2Tokenizer } from '../../../examples/gpt2/tokenizer.js';
import reference from '../../reference/fixtures/causal.json' with { type: 'json' };

const TINY = fileURLToPath(new URL('../../reference/fixtures/tiny-gpt2', import.meta.url));
const ODD = "Zoë's café — 🙂\n\n  \tfor(i=0; i<10; i++) 中文 ";

it("has GPT-2's own tokens", async () => {
  const tokenizer = await Gpt2Tokenizer.english();
  expect([tokenizer.vocabularySize, tokenizer.endOfText]).toEqual([50257, 50256]);
  // As in transformers' and tiktoken's own documentation.
  expect(tokenizer.encode('Hello, my dog is cute')).toEqual([15496, 11, 616, 3290, 318, 13779]);
  expect(tokenizer.encode('hello world')).toEqual([31373, 995]);
});

it.each([50257, 1024, 257])('says any text, with a vocabulary of %i', async (size) => {
  const tokenizer = await Gpt2Tokenizer.english(size);
  const ids = tokenizer.encodeText(ODD);
  expect([ids[0], ids.at(-1)]).toEqual([tokenizer.endOfText, tokenizer.endOfText]);
  expect(Math.max(...ids)).toBe(tokenizer.vocabularySize - 1);
  expect(tokenizer.decode(ids)).toBe(ODD);
  expect(tokenizer.encodeText(ODD, 5)).toEqual(ids.slice(0, 5));
});

it('has fewer tokens for a text the larger it is, and refuses sizes that there are not', async () => {
  const text = 'The food was great, and the service was even better.';
  const lengths = [257, 1024, 50257].map(async (size) => (await Gpt2Tokenizer.english(size)).encode(text).length);
  const [bytes, some, all] = await Promise.all(lengths);
  expect(bytes).toBe(text.length);
  expect(some).toBeLessThan(bytes!);
  expect(all).toBeLessThan(some!);
  await expect(Gpt2Tokenizer.english(256)).rejects.toThrow('size: expected 257 to 50257 tokens; got 256');
  await expect(Gpt2Tokenizer.english(50258)).rejects.toThrow('size: expected 257 to 50257 tokens; got 50258');
});

it('is read from a folder as transformers has written it, with the same tokens', async () => {
  const tokenizer = await Gpt2Tokenizer.fromFolder(TINY);
  for (const { text, input_ids } of reference.data) {
    expect(tokenizer.encodeText(text)).toEqual(input_ids);
    expect(tokenizer.decode(input_ids)).toBe(text);
  }
});

it('is read from vocab.json and merges.txt too', async () => {
  const whole = await Gpt2Tokenizer.english(1024);
  const { model } = JSON.parse(whole.files()['tokenizer.json']) as {
    model: { vocab: Record<string, number>; merges: string[] };
  };
  const folder = await mkdtemp(join(tmpdir(), 'gpt2-tokens-'));
  try {
    await expect(Gpt2Tokenizer.fromFolder(folder)).rejects.toThrow('expected tokenizer.json, or vocab.json and merges');
    await writeFile(join(folder, 'vocab.json'), JSON.stringify(model.vocab));
    await writeFile(join(folder, 'merges.txt'), `#version: 0.2\n${model.merges.join('\n')}\n`);
    const read = await Gpt2Tokenizer.fromFolder(folder);
    expect(read.encodeText(ODD)).toEqual(whole.encodeText(ODD));
  } finally {
    await rm(folder, { recursive: true });
  }
});
