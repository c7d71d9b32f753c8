import fc from 'fast-check';
import leven from 'leven';
import { expect, test } from 'vitest';
import { editDistance } from '../../src/events/edit-distance.js';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'R', '-'), maxLength: 12 });

test('is what leven counts', () => {
  fc.assert(fc.property(word, word, (from, to) => editDistance(from, to) === leven(from, to)));
});

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['learningrate', 'learningRate', 1],
  ['updateNrom', 'updateNorm', 2],
])('of %j and %j is %d', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
});
