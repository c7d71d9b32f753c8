import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortNames } from '../../../../src/page/client/parts/short-names.js';

const BERT = [0, 1, 10].flatMap((layer) =>
  ['attention.self.query', 'attention.self.key', 'attention.output.dense'].flatMap((part) =>
    ['weight', 'bias'].map((kind) => `bert.encoder.layer.${layer}.${part}.${kind}`),
  ),
);
const SEGMENT = fc.constantFrom('bert', 'encoder', 'layer', '0', '11', 'attention', 'query', 'weight', '😀 kernel');
const NAMES = fc.array(
  fc.array(SEGMENT, { minLength: 1, maxLength: 9 }).map((segments) => segments.join('.')),
  { maxLength: 12 },
);
const LENGTH = fc.integer({ min: 2, max: 60 });

const lengthOf = (text: string) => [...text].length;

test('names have at most the length, and those that fit are left as they are', () => {
  fc.assert(
    fc.property(NAMES, LENGTH, (names, length) => {
      const shown = shortNames(names, length);
      expect(shown).toHaveLength(names.length);
      for (const [i, name] of names.entries()) {
        expect(lengthOf(shown[i]!)).toBeLessThanOrEqual(length);
        if (lengthOf(name) <= length) expect(shown[i]).toBe(name);
      }
    }),
  );
});

test('what is shown of a name are parts of it, in its order', () => {
  fc.assert(
    fc.property(NAMES, LENGTH, (names, length) => {
      for (const [i, short] of shortNames(names, length).entries()) {
        let at = 0;
        for (const part of short.split('…')) {
          const found = names[i]!.indexOf(part, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + part.length;
        }
      }
    }),
  );
});

test('names that differ in a part for which there is room look different, wherever it is', () => {
  const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'abcdef0123') });
  const end = fc.string({ maxLength: 60, unit: fc.constantFrom(...'xyz.') });
  fc.assert(
    fc.property(
      end,
      fc.uniqueArray(word, { minLength: 2, maxLength: 12 }),
      end,
      LENGTH,
      (head, words, tail, length) => {
        fc.pre(length >= 10);
        const names = words.map((each) => `${head}${each}${tail}`);
        expect(new Set(shortNames(names, length)).size).toBe(names.length);
      },
    ),
  );
});

test('the same name is shown the same way twice, and one name alone is cut in the middle', () => {
  const [twice, again] = shortNames([BERT[0]!, BERT[0]!], 30);
  expect(twice).toBe(again);
  expect(shortNames([BERT[0]!], 30)).toEqual(['bert.encod…n.self.query.weight']);
});

test('layers that differ in their middle are told apart', () => {
  expect(new Set(shortNames(BERT, 32)).size).toBe(BERT.length);
  expect(shortNames(['model.layers.0.mlp.down_proj.weight', 'model.layers.1.mlp.down_proj.weight'], 20)).toEqual([
    '…layers.0…roj.weight',
    '…layers.1…roj.weight',
  ]);
});
