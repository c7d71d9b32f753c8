import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { of } from 'rxjs';
import { createParameterUpdates } from 'trainscope';
import { type CsvLayout, csvSink } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { readNumber } from '../../../src/cli/series/read-csv-series.js';
import { readSeries } from '../../../src/cli/series/read-series.js';
import { record } from '../../helpers/recorded.js';
import { updatesOf } from '../../helpers/updates.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-series-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = (ending: string) => join(folder, `${++files}.${ending}`);

async function write(layout: CsvLayout, updates: readonly ReturnType<typeof updatesOf>[]): Promise<string> {
  const path = newPath('csv');
  const sink = csvSink(path, { layout });
  of(...updates).subscribe(sink);
  await sink.closed;
  return path;
}

function written(text: string | Uint8Array): string {
  const path = newPath('csv');
  writeFileSync(path, text);
  return path;
}

// A name that no layout takes for its own column.
const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '' && text !== 'step');
const value = fc.oneof(
  fc.double().map((x) => x + 0),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e-5, 1e21),
);
const runs = fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((names) =>
  fc
    .array(fc.array(value, { minLength: names.length, maxLength: names.length }), { minLength: 1, maxLength: 4 })
    .map((rows) => ({
      names,
      updates: rows.map((row, i) =>
        updatesOf(
          names.map((each, j) => [each, row[j]!] as const),
          { step: i + 1 },
        ),
      ),
    })),
);

describe('readSeries', () => {
  it.each(['wide', 'tutorial', 'long', 'jsonl'] as const)('gives back whatever was written: %s', async (form) => {
    await fc.assert(
      fc.asyncProperty(runs, async ({ names, updates }) => {
        const path = form === 'jsonl' ? await record(newPath('jsonl'), updates) : await write(form, updates);
        const { series } = await readSeries(path);
        expect(series).toEqual(
          names.map((each, i) => ({
            name: each,
            steps: updates.map(({ step }) => step),
            values: updates.map(({ columns }) => columns.updateNorm[i]),
          })),
        );
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it('reads the statistic that is asked for', async () => {
    const updates = [updatesOf({ a: 3 })];
    for (const path of [await write('long', updates), await record(newPath('jsonl'), updates)]) {
      const { statistic, series } = await readSeries(path, { statistic: 'gradientNorm' });
      expect([statistic, series[0]!.values]).toEqual(['gradientNorm', [30]]);
    }
    await expect(readSeries(await write('long', updates), { statistic: 'gradientNrm' })).rejects.toThrow(
      /^statistic: expected one of the file \(update_norm, .*\), got "gradientNrm"; did you mean "gradient_norm"\?/,
    );
    await expect(readSeries(await record(newPath('jsonl'), updates), { statistic: 'stdRatio' })).rejects.toThrow(
      /^statistic: expected one of .* at step 1 \(updateNorm, .*\), got "stdRatio"/,
    );
  });

  it("reads pandas' index, other line ends, a byte order mark, and cells that are empty", async () => {
    const { series } = await readSeries(written('\ufeff,a,b\n0,1,\n1,2.5,NaN\n'));
    expect(series).toEqual([
      { name: 'a', steps: [0, 1], values: [1, 2.5] },
      { name: 'b', steps: [1], values: [Number.NaN] },
    ]);
  });

  it('leaves out a last row without its end, which may be half a number, and says so', async () => {
    const whole = { name: 'a', steps: [1], values: [0.5] };
    for (const end of ['\r\n', '\n', '\r']) {
      for (const last of ['2,0.2', '2,', '2', '"2"', '2,"0.', '"']) {
        const text = `step,a${end}1,0.5${end}${last}`;
        expect(await readSeries(written(text))).toMatchObject({ series: [whole], torn: true });
        expect(await readSeries(written(gzipSync(text)))).toMatchObject({ series: [whole], torn: true });
      }
      expect(await readSeries(written(`step,a${end}1,0.5${end}`))).toMatchObject({ series: [whole], torn: false });
    }
    await expect(readSeries(written('step,a'))).rejects.toThrow('got no whole line');
  });

  it('reads a torn file of any layout up to its last whole row, wherever it is cut', async () => {
    const updates = [1, 2].map((step) => updatesOf({ 'a"\n,b': 0.123 * step, c: 12.5 * step }, { step }));
    for (const layout of ['wide', 'tutorial', 'long'] as const) {
      const bytes = readFileSync(await write(layout, updates));
      const whole = (await readSeries(written(bytes))).series;
      for (let size = bytes.lastIndexOf('\n', bytes.length - 2) + 1; size < bytes.length; size++) {
        const { series } = await readSeries(written(bytes.subarray(0, size)));
        for (const [i, { values }] of series.entries()) {
          expect(values).toEqual(whole[i]!.values.slice(0, values.length));
        }
      }
    }
  });

  it('names a delimiter that is no comma', async () => {
    for (const [text, delimiter] of [
      ['step;a;b\n1;0.5;2\n', 'semicolons'],
      ['step;a;b\r\n1;0,5;2,5\r\n', 'semicolons'],
      ['"step";"a, b"\n1;0,5\n', 'semicolons'],
      ['step\ta\n1\t0.5\n', 'tabs'],
      ['a|b\n1|0.5\n', 'bars'],
      ['step:a\n1:0.5\n', 'colons'],
      ['step a b\n1 0.5 2\n', 'spaces'],
    ] as const) {
      await expect(readSeries(written(text))).rejects.toThrow(
        `csv: expected cells that are separated by commas, got ${delimiter}; write it with commas`,
      );
    }
    const odd = await readSeries(written('step, a b,c;d\n1, 0.5,2\n'));
    expect(odd.series.map(({ name }) => name)).toEqual([' a b', 'c;d']);
  });

  it('takes no statistic for that of a wide file, which names none', async () => {
    const path = await write('wide', [updatesOf({ a: 3 })]);
    expect((await readSeries(path)).statistic).toBeUndefined();
    await expect(readSeries(path, { statistic: 'gradientNorm' })).rejects.toThrow(
      `statistic: expected none for ${path}, a CSV file that holds one and does not name it, got "gradientNorm"`,
    );
    // Nor a column of a long file that is no statistic of parameters.
    const long = await write('long', [updatesOf({ a: 3 })]);
    await expect(readSeries(long, { statistic: 'loss' })).rejects.toThrow(/expected one of the file .*, got "loss"/);
  });

  it('shows the only statistic that there is, by its name', async () => {
    const long = written('step,parameter,gradient_norm\n1,a,5\n');
    expect(await readSeries(long)).toMatchObject({ statistic: 'gradient_norm', series: [{ values: [5] }] });
    const only = createParameterUpdates<'gradientNorm'>({
      ...updatesOf({ a: 1 }),
      columns: { gradientNorm: Float64Array.of(5) },
    });
    expect(await readSeries(await record(newPath('jsonl'), [only]))).toMatchObject({
      statistic: 'gradientNorm',
      series: [{ values: [5] }],
    });
  });

  it('reads what is packed by gzip, and a recorded run with a byte order mark', async () => {
    const csv = gzipSync(readFileSync(await write('wide', [updatesOf({ a: 3 })])));
    expect((await readSeries(written(csv))).series[0]!.values).toEqual([3]);
    const run = readFileSync(await record(newPath('jsonl'), [updatesOf({ a: 3 })]), 'utf8');
    for (const bytes of [`\ufeff${run}`, gzipSync(run), gzipSync(`\ufeff${run}`)]) {
      expect((await readSeries(written(bytes))).series[0]!.values).toEqual([3]);
    }
  });

  it('tells several runs apart', async () => {
    const path = await record(newPath('jsonl'), [updatesOf({ a: 1 }, { run: 'x' }), updatesOf({ a: 2 }, { run: 'y' })]);
    expect((await readSeries(path)).series.map((each) => each.name)).toEqual(['a', 'y: a']);
    const long = await write('long', [updatesOf({ a: 1 }, { run: 'x' }), updatesOf({ a: 2 }, { run: 'y' })]);
    expect((await readSeries(long)).series.map((each) => each.name)).toEqual(['a', 'y: a']);
  });

  it('says where a file is not what it should be', async () => {
    await expect(readSeries(written('step,a\r\n1,0.5\r\n2,half\r\n'))).rejects.toThrow(
      /csv, line 3, column "a": expected a number, got "half"$/,
    );
    await expect(readSeries(written('step,a\r\n1,0.5,3\r\n'))).rejects.toThrow(
      /expected a recorded run or a CSV file of updates, got something else/,
    );
    await expect(readSeries(written(''))).rejects.toThrow('got an empty file');
    await expect(readSeries(written('step,a\r\n'))).rejects.toThrow('expected updates of parameters, got none');
    await expect(readSeries(folder)).rejects.toThrow(/^file: expected one that can be read, got .*that is a folder/);
  });

  it('reads a number as JavaScript, Python and R write it', () => {
    expect(
      ['nan', 'NaN', 'inf', '-Inf', 'Infinity', ' 1e-05', '1.0', ''].map((text) => readNumber(text, 'here')),
    ).toEqual([Number.NaN, Number.NaN, Infinity, -Infinity, Infinity, 1e-5, 1, undefined]);
  });
});
