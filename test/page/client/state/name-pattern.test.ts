import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matcherOf } from '../../../../src/operators/select-parameters.js';
import { namePattern } from '../../../../src/page/client/state/name-pattern.js';

const NAMES = [
  'bert.embeddings.word_embeddings.weight',
  'bert.encoder.layer.0.attention.self.query.weight',
  'bert.encoder.layer.0.attention.self.query.bias',
  'bert.encoder.layer.11.output.dense.weight',
  'hidden/kernel',
  'hidden/bias',
  'classifier',
];
const found = (text: string) => {
  const { matches } = namePattern(text);
  return matches && NAMES.filter(matches);
};

test.each([
  ['', NAMES],
  ['QUERY', [NAMES[1], NAMES[2]]],
  ['*.weight', [NAMES[0], NAMES[1], NAMES[3]]],
  ['layer.*.output.**', [NAMES[3]]],
  ['bert.encoder.**', [NAMES[1], NAMES[2], NAMES[3]]],
  ['**.classifier.**', ['classifier']],
  ['hidden/*', ['hidden/kernel', 'hidden/bias']],
  ['hidden.{kernel,bias}', ['hidden/kernel', 'hidden/bias']],
  ['bert.**.bias', [NAMES[2]]],
  ['layer.?.**', [NAMES[1], NAMES[2]]],
  ['layer.[1-9][0-9].**', [NAMES[3]]],
  ['layer.[!0]*.**', [NAMES[3]]],
  ['/^bert.*bias$/', [NAMES[2]]],
  ['/KERNEL/i', ['hidden/kernel']],
  ['/KERNEL/', []],
  ['c?assifier', ['classifier']],
])('%s finds', (text, names) => {
  expect(found(text)).toEqual(names);
});

test('an expression that is none says why', () => {
  expect(namePattern('/(/').error).toContain('Invalid regular expression');
});

test('any text is understood, or says why not', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a/.*?[]{}(,-!\\^😀') }), (text) => {
      const { matches, error } = namePattern(text);
      if (matches) expect([true, false]).toContain(matches('a/b.c'));
      else expect(error).not.toBe('');
    }),
  );
});

test('whatever selectParameters() takes for a glob of a name, the search does, too', () => {
  const segment = fc.constantFrom('a', 'bc', '0', '11', 'x_y');
  const piece = fc.constantFrom('a', 'b*', '*', '?', '**', '{a,bc}', '[0-9]', 'x_y');
  const separator = fc.constantFrom('/', '.');
  const joined = (parts: fc.Arbitrary<string>) =>
    fc.array(fc.tuple(parts, separator), { minLength: 1, maxLength: 5 }).map((all) =>
      all
        .map(([part, after]) => part + after)
        .join('')
        .slice(0, -1),
    );
  fc.assert(
    fc.property(joined(piece), joined(segment), (glob, name) => {
      fc.pre(/[*?[{]/.test(glob));
      if (matcherOf(glob)(name)) expect(namePattern(glob).matches?.(name)).toBe(true);
    }),
  );
});
