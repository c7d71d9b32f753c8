import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numeralsKernel } from '../../../src/sinks/kernels/numerals-kernel.js';

const kernel = numeralsKernel()!;
const textOf = (...args: Parameters<typeof kernel>) => Buffer.concat(kernel(...args)).toString();
const printed = (column: Float64Array) => textOf([column], column.length).split(',').slice(1);
const byJavaScript = (column: Float64Array) => Array.from(column, (value) => String(value).replace('Infinity', 'inf'));

/** Float64s by their bits, so that every exponent comes up as often. */
const anyBits = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map((bits) => new Float64Array(BigUint64Array.of(bits).buffer)[0]!);
const anyNumber = fc.oneof(anyBits, fc.double(), fc.float(), fc.integer(), fc.maxSafeInteger());

describe('numerals of the kernel are those of JavaScript', () => {
  it('for any numbers', () => {
    const columns = fc.array(anyNumber, { maxLength: 300, size: 'max' }).map((values) => Float64Array.from(values));
    fc.assert(
      fc.property(columns, (column) => {
        expect(printed(column)).toEqual(column.length > 0 ? byJavaScript(column) : []);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, (i: number) => number]>([
    ['powers of two, where the interval is not symmetric', (i) => 2 ** (i - 1075)],
    ['powers of ten, and their neighbours', (i) => 10 ** ((i >> 1) - 325) * (1 + (i & 1) * Number.EPSILON)],
    ['the smallest numbers', (i) => i * Number.MIN_VALUE],
    ['around the last whole numbers', (i) => 2 ** 53 + 2 * (i - 1_000)],
    ['few digits', (i) => i / 100],
    ['the borders of the forms', (i) => [1e21, 1e20, 123456789012345680000, 1e-6, 1e-7, 1.5e-7][i % 6]!],
    ['what is not finite, and zeros', (i) => [Number.NaN, Infinity, -Infinity, 0, -0][i % 5]!],
    ['the largest', (i) => (i & 1 ? -1 : 1) * Number.MAX_VALUE],
  ])('%s', (_, at) => {
    const column = Float64Array.from({ length: 2_150 }, (_, i) => at(i));
    expect(printed(column)).toEqual(byJavaScript(column));
  });
});

it('goes on from piece to piece, and reads no further than it is told', () => {
  const rows = 5_000;
  const column = Float64Array.from({ length: rows + 7 }, (_, i) => i / 7);
  const heads = Array.from({ length: rows }, (_, i) => 'n'.repeat(i % 90));
  let end = 0;
  const headEnds = Uint32Array.from(heads, ({ length }) => (end += length));
  const texts = { lead: Buffer.from('<'), heads: Buffer.from(heads.join('')), headEnds, tail: Buffer.from('>') };
  expect(textOf([column], rows, texts)).toBe(heads.map((head, i) => `<${head},${column[i]}>`).join(''));
});

it('puts texts of any length around the numbers of each row', () => {
  const word = fc.string({ unit: 'binary', maxLength: 80 });
  const rows = fc.array(fc.tuple(word, anyNumber, anyNumber), { minLength: 1, maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(rows, word, word, (rows, lead, tail) => {
      const columns = [1, 2].map((i) => Float64Array.from(rows, (row) => row[i] as number));
      const heads = rows.map(([head]) => Buffer.from(head));
      let end = 0;
      const headEnds = Uint32Array.from(heads, ({ length }) => (end += length));
      const numerals = columns.map(byJavaScript);
      const expected = heads.map((head, i) => `${lead}${head},${numerals[0]![i]},${numerals[1]![i]}${tail}`).join('');
      const texts = { lead: Buffer.from(lead), heads: Buffer.concat(heads), headEnds, tail: Buffer.from(tail) };
      expect(textOf(columns, rows.length, texts)).toBe(Buffer.from(expected).toString());
    }),
    { numRuns: 100 },
  );
});
