import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { columnOf, statisticsOf } from 'trainscope';
import { describe, expect, it } from 'vitest';
import { unguardText } from '../../../src/events/index.js';
import { type CsvLayout, csvEncoder } from '../../../src/sinks/csv/encoder/csv-encoder.js';
import { pythonFloat } from '../../../src/sinks/csv/encoder/python-float.js';
import { updatesOf } from '../../helpers/updates.js';

/** Names with all that CSV, shells and spreadsheets trip over. */
const name = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('"', ',', '\n', '\r', '\r\n', ' ', '\t', ';', "'", '=', 'é', '层', '🙂', '\0', 'a'),
  }),
);
const parameters = fc.uniqueArray(fc.tuple(name, fc.double()), { minLength: 1, selector: ([key]) => key });

const read = (text: string): string[][] => parse(text, { record_delimiter: '\r\n' });
const toNumber = (cell: string | undefined) =>
  cell === '' ? undefined : Number(cell?.replace('inf', 'Infinity').replace('nan', 'NaN'));
/** CSV has no sign for zero. */
const plus = (values: Iterable<number>) => Array.from(values, (value) => value + 0);

function encode(layout: CsvLayout, ...steps: ReturnType<typeof updatesOf>[]): string {
  const encoder = csvEncoder(layout, 'updateNorm', steps[0]!);
  return encoder.header + steps.map((step) => encoder.encode(step)).join('');
}

describe('csvEncoder', () => {
  it.each(['wide', 'tutorial'] as const)('reads back as written: %s', (layout) => {
    fc.assert(
      fc.property(parameters, (entries) => {
        const updates = updatesOf(entries, { step: 7 });
        const [header, row, ...others] = read(encode(layout, updates));
        const leading = layout === 'wide' ? ['step'] : [];
        expect(header).toEqual([...leading, ...updates.names]);
        expect(row!.map(toNumber)).toEqual([...leading.map(() => 7), ...plus(updates.columns.updateNorm)]);
        expect(others).toEqual([]);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('reads back as written: long', () => {
    fc.assert(
      fc.property(parameters, name, fc.double(), (entries, run, loss) => {
        const updates = updatesOf(entries, { step: 7, run, loss });
        const [header, ...rows] = read(encode('long', updates));
        expect(header!.join()).toBe(
          'run,step,epoch,time,loss,learning_rate,parameter,size,' +
            'update_norm,weight_norm,update_ratio,gradient_norm,max_abs_update,unchanged,non_finite',
        );
        expect(rows.map((row) => unguardText(row[6]!))).toEqual(updates.names);
        rows.forEach((row, i) => {
          expect(unguardText(row[0]!)).toBe(run);
          const numbers = [7, 0.7, updates.time, loss, 0.1];
          expect(row.slice(1, 6).map(toNumber)).toEqual(plus(numbers));
          const statistics = statisticsOf(updates).map((statistic) => columnOf(updates, statistic)![i]!);
          expect(row.slice(7).map(toNumber)).toEqual(plus([4, ...statistics]));
        });
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it.each(['wide', 'tutorial', 'long'] as const)('gives the same as bytes: %s', (layout) => {
    fc.assert(
      fc.property(parameters, name, fc.double(), (entries, run, loss) => {
        const updates = updatesOf(entries, { step: 7, run, loss });
        const encoder = csvEncoder(layout, 'updateNorm', updates);
        const same = (step: typeof updates) =>
          expect(Buffer.from(encoder.encodeBytes(step)).toString()).toBe(Buffer.from(encoder.encode(step)).toString());
        same(updates);
        // Of other names, and with fewer statistics.
        same(updatesOf(layout === 'long' ? [...entries, ['one more', 1 / 3]] : entries.slice(1), { run }));
        if (layout !== 'long') return;
        const { updateNorm } = updates.columns;
        same({ ...updates, columns: { updateNorm } } as unknown as typeof updates);
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('ends lines by CR LF, and quotes only what needs it', () => {
    expect(encode('wide', updatesOf({ 'a,"b"': 0.25, 'c\nd': 1e-7, e: 1 }))).toBe(
      'step,"a,""b""","c\nd",e\r\n1,0.25,1e-7,1\r\n',
    );
  });

  it('writes the numbers of the tutorial as Python does', () => {
    const norms = { a: 1, b: 1e-5, c: 0.00123456789, d: Number.NaN, e: Infinity, f: 0 };
    expect(encode('tutorial', updatesOf(norms))).toBe('a,b,c,d,e,f\r\n1.0,1e-05,0.00123456789,nan,inf,0.0\r\n');
  });

  it('leaves the cell of a parameter that is missing empty, whatever the order of the others', () => {
    const steps = [updatesOf({ a: 1, b: 2, c: 3 }), updatesOf({ c: 6, a: 4 }, { step: 2 })];
    expect(encode('wide', ...steps)).toBe('step,a,b,c\r\n1,1,2,3\r\n2,4,,6\r\n');
    expect(encode('tutorial', updatesOf({ a: 1 }), updatesOf({}, { step: 2 }))).toBe('a\r\n1.0\r\n""\r\n');
  });

  it.each(['wide', 'tutorial'] as const)('refuses a parameter that has no column: %s', (layout) => {
    expect(() => encode(layout, updatesOf({ a: 1 }), updatesOf({ a: 1, 'b/c': 2, d: 3 }, { step: 12 }))).toThrow(
      "step 12 has parameters that have no column: b/c, d; the rows before it are whole. Use layout: 'long', which takes parameters as they come",
    );
  });

  it.each(['=1+1', '+cmd', '-2', '@SUM(A1)', '\t=1', "'quoted", 'NA', 'null', 'None', '', '1e5', 'TRUE'])(
    'guards a name that would not stay a text, where names are cells or it is asked for: %j',
    (name) => {
      const updates = updatesOf([[name, 1]]);
      const cell = (layout: CsvLayout, guarded?: boolean) => {
        const { header, encode } = csvEncoder(layout, 'updateNorm', updates, guarded);
        const [titles, row] = read(header + encode(updates));
        return layout === 'long' ? row![6] : titles!.at(-1);
      };
      expect([cell('long'), cell('wide'), cell('tutorial')]).toEqual([`'${name}`, name, name]);
      expect([cell('long', false), cell('wide', true)]).toEqual([name, `'${name}`]);
    },
  );

  it('leaves other names as they are', () => {
    for (const name of ['0.weight', 'a-b', 'NAN', 'nap', 'a=1', '层']) {
      expect(encode('long', updatesOf({ [name]: 1 }))).toContain(`,${name},4,`);
    }
  });

  it('takes parameters as they come: long', () => {
    const rows = read(encode('long', updatesOf({ a: 1 }), updatesOf({ b: 2 }, { step: 2 })));
    expect(rows.slice(1).map((row) => [row[1], row[6], row[8]])).toEqual([
      ['1', 'a', '1'],
      ['2', 'b', '2'],
    ]);
  });

  it('says which statistics there are, and how to get the one that is missing', () => {
    const updates = updatesOf({ a: 1 });
    expect(() => csvEncoder('wide', 'stdRatio', updates).encode(updates)).toThrow(
      'statistics: expected stdRatio for csvSink(), got only updateNorm, weightNorm, updateRatio, gradientNorm, maxAbsUpdate, unchanged, nonFinite; add "stdRatio" to parameterUpdates({ statistics })',
    );
  });
});

describe('pythonFloat', () => {
  it.each([
    [0, '0.0'],
    [3, '3.0'],
    [-2.5, '-2.5'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [123456789012345680000, '1.2345678901234568e+20'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
  ])('%d is %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });

  it('keeps every digit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(pythonFloat(value))).toBe(value + 0);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
