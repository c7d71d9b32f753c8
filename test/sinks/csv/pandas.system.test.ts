import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CsvLayout, csvSink } from '../../../src/node.js';
import { pythonWith, runPython } from '../../helpers/python.js';
import { updates } from '../updates.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-pandas-'));
afterAll(() => rmSync(folder, { recursive: true }));

let python: string;
beforeAll(() => {
  python = pythonWith('pandas==2.2.3');
});

const AWKWARD = 'a "quoted", name\nof two lines';

async function write(layout: CsvLayout): Promise<string> {
  const path = join(folder, `${layout}.csv`);
  const sink = csvSink(path, { layout });
  sink.next(updates(1, { 'hidden/kernel': [0.1, 2], [AWKWARD]: [1e-7, 1] }));
  sink.next(updates(2, { 'hidden/kernel': [Number.NaN, 2], [AWKWARD]: [Infinity, 1] }));
  sink.next(updates(3, { 'hidden/kernel': [1 / 3, 2] }));
  sink.complete();
  await sink.closed;
  return path;
}

/** What pandas makes of a file: columns, dtypes, and the numbers in full. */
function read(path: string): { columns: string[]; dtypes: string[]; rows: (number | string | null)[][] } {
  const program = `
import json, math, sys
import pandas as pd
df = pd.read_csv(sys.argv[1], float_precision="round_trip")
cell = lambda v: v if isinstance(v, str) else None if math.isnan(v) else "inf" if math.isinf(v) else float(v)
print(json.dumps({"columns": list(df.columns), "dtypes": [str(t) for t in df.dtypes],
                  "rows": [[cell(v) for v in row] for row in df.itertuples(index=False)]}))`;
  return JSON.parse(runPython(python, program, [path]));
}

it('wide: numbers are numbers, and equal to the last digit', async () => {
  expect(read(await write('wide'))).toEqual({
    columns: ['step', 'hidden/kernel', AWKWARD],
    dtypes: ['int64', 'float64', 'float64'],
    rows: [
      [1, 0.1, 1e-7],
      [2, null, 'inf'],
      [3, 1 / 3, null],
    ],
  });
});

it('tutorial: one column a parameter, which its plotting code takes as it is', async () => {
  const { columns, rows } = read(await write('tutorial'));
  expect(columns).toEqual(['hidden/kernel', AWKWARD]);
  expect(rows[0]).toEqual([0.1, 1e-7]);
});

it('long: names that look like something else stay names', async () => {
  const path = join(folder, 'names.csv');
  const names = ['NA', 'null', 'nan', '', '=1+1', '1e5', 'True', "'a"];
  const sink = csvSink(path, { layout: 'long' });
  sink.next(updates(1, Object.fromEntries(names.map((name) => [name, [1, 1]]))));
  await sink.close();
  expect(read(path).rows.map((row) => row[6])).toEqual(names.map((name) => `'${name}`));
});

it('long: one row a step and parameter, to be grouped', async () => {
  const { columns, rows } = read(await write('long'));
  expect(columns.slice(0, 8)).toEqual(['run', 'step', 'epoch', 'time', 'loss', 'learning_rate', 'parameter', 'size']);
  expect(columns.slice(8)).toEqual(['update_norm', 'weight_norm', 'update_ratio']);
  expect(rows.map((row) => [row[1], row[6], row[8]])).toEqual([
    [1, 'hidden/kernel', 0.1],
    [1, AWKWARD, 1e-7],
    [2, 'hidden/kernel', null],
    [2, AWKWARD, 'inf'],
    [3, 'hidden/kernel', 1 / 3],
  ]);
});
