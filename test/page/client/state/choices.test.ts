import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AXES,
  type Choices,
  MARK_KINDS,
  readChoices,
  USUAL_CHOICES,
  writeChoices,
} from '../../../../src/page/client/state/choices.js';

const text = fc.string({ minLength: 1, unit: 'binary' });
const range = fc
  .tuple(fc.nat(), fc.nat({ max: 1e9 }))
  .map(([from, length]): [number, number] => [from, from + length + 1]);

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const sorting = maybe(fc.record({ by: text, descending: fc.boolean() }));

const choices: fc.Arbitrary<Choices> = fc.record({
  hidden: fc.array(text),
  focus: fc.option(text, { nil: undefined }),
  range: fc.option(range, { nil: undefined }),
  axis: fc.constantFrom(...AXES),
  smoothing: fc.double({ min: 0, max: 0.999, noNaN: true }).map(Math.abs),
  withoutOutliers: fc.boolean(),
  otherScale: fc.array(text),
  hiddenMarks: fc.subarray([...MARK_KINDS]),
  enlarged: fc.option(text, { nil: undefined }),
  parameters: fc.option(fc.array(text), { nil: undefined }),
  parameter: fc.option(text, { nil: undefined }),
  search: maybe(text),
  moment: maybe(fc.nat()),
  ratiosOfParameters: fc.boolean(),
  histogramSubject: maybe(fc.constantFrom('weight', 'update', 'gradient', 'activation')),
  histogramOf: maybe(text),
  moversSorting: sorting,
  deadFirst: fc.boolean(),
  runsTable: fc.boolean(),
  runsSorting: sorting,
  runsFilter: maybe(text),
  runsGroup: maybe(text),
  commonSettings: fc.boolean(),
  allSettings: fc.boolean(),
  runsMetric: maybe(text),
  theme: fc.constantFrom(undefined, 'light' as const, 'dark' as const),
});

test('an address says every choice', () => {
  fc.assert(
    fc.property(choices, (some) => {
      expect(readChoices(writeChoices(some))).toEqual(some);
    }),
  );
});

test('what is as usual is not in the address', () => {
  expect(writeChoices(USUAL_CHOICES)).toBe('');
  expect(readChoices('')).toEqual(USUAL_CHOICES);
  expect(writeChoices({ ...USUAL_CHOICES, range: [10, 200], hidden: ['a&b'] })).toBe('hidden=a%26b&range=10-200');
});

test('no chosen parameters is a choice, too', () => {
  expect(readChoices(writeChoices({ ...USUAL_CHOICES, parameters: [] })).parameters).toEqual([]);
});

test.each([
  'range=200-10',
  'range=NaN-1',
  'range=-1-5',
  'axis=week',
  'smoothing=1',
  'smoothing=abc',
  'theme=blue',
  'hiddenMarks=x',
  'moment=-1',
  'moversSorting=ratio',
  'moversSorting=-',
  'histogramSubject=loss',
])('what no choice is, is as usual: %s', (address) => {
  expect(readChoices(address)).toEqual(USUAL_CHOICES);
});

test('any address is read', () => {
  fc.assert(
    fc.property(fc.string(), (address) => {
      const read = readChoices(address);
      expect(readChoices(writeChoices(read))).toEqual(read);
    }),
  );
});
