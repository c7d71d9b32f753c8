import { expect, test } from 'vitest';
import { elapsed } from '../../../../src/page/client/chart/time-words.js';

test.each([
  [0, '0'],
  [340, '340 ms'],
  [7_240, '7.24 s'],
  [90_000, '1:30'],
  [3_720_000, '1:02:00'],
  [3 * 86_400_000 + 4 * 3_600_000, '3 d 4 h'],
  [2 * 86_400_000, '2 d'],
])('%i ms have passed: %s', (ms, text) => {
  expect(elapsed(ms)).toBe(text);
});

test.each([
  [7_000, 1000, '0:07'],
  [1_500, 500, '0:01.5'],
  [500, 500, '500 ms'],
  [0, 2000, '0:00'],
])('on an axis, %i ms by %i: %s', (ms, step, text) => {
  expect(elapsed(ms, step)).toBe(text);
});
