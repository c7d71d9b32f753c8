import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { of } from 'rxjs';
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

function written(text: string): string {
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
      const { statistic, series } = await readSeries(path, 'gradientNorm');
      expect([statistic, series[0]!.values]).toEqual(['gradientNorm', [30]]);
    }
    await expect(readSeries(await write('long', updates), 'gradientNrm')).rejects.toThrow(
      /^statistic: expected a column of the file \(run, .*\), got "gradientNrm"; did you mean "gradient_norm"\?/,
    );
    await expect(readSeries(await record(newPath('jsonl'), updates), 'stdRatio')).rejects.toThrow(
      /^statistics: expected stdRatio for a series of .*, got only updateNorm, /,
    );
  });

  it("reads pandas' index, other line ends, a byte order mark, and cells that are empty", async () => {
    const { series } = await readSeries(written('\ufeff,a,b\n0,1,\n1,2.5,NaN\n'));
    expect(series).toEqual([
      { name: 'a', steps: [0, 1], values: [1, 2.5] },
      { name: 'b', steps: [1], values: [Number.NaN] },
    ]);
  });

  it('leaves out a last row that a kill has torn, and takes one that only lacks its end', async () => {
    const whole = { name: 'a', steps: [1], values: [0.5] };
    expect((await readSeries(written('step,a\r\n1,0.5\r\n2,0.2'))).series).toEqual([whole]);
    expect((await readSeries(written('step,a\r\n1,0.5\r\n2'))).series).toEqual([whole]);
    expect((await readSeries(written('step,a\n1,0.5'))).series).toEqual([whole]);
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
      /expected a CSV file of updates, got something else/,
    );
    await expect(readSeries(written(''))).rejects.toThrow('got an empty file');
    await expect(readSeries(written('step,a\r\n'))).rejects.toThrow('expected updates of parameters, got none');
    await expect(readSeries(folder)).rejects.toThrow('expected a file, got');
  });

  it('reads a number as JavaScript, Python and R write it', () => {
    expect(
      ['nan', 'NaN', 'inf', '-Inf', 'Infinity', ' 1e-05', '1.0', ''].map((text) => readNumber(text, 'here')),
    ).toEqual([Number.NaN, Number.NaN, Infinity, -Infinity, Infinity, 1e-5, 1, undefined]);
  });
});
