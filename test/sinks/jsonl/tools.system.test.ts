import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonlSink } from 'trainscope/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pythonWith, runPython } from '../../helpers/python.js';
import { updatesOf } from '../../helpers/updates.js';
import { event } from '../../operators/fake-run.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-tools-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'run.jsonl');
beforeAll(async () => {
  const sink = jsonlSink(path);
  for (const [i, loss] of [2, Number.NaN, Infinity, 1].entries()) {
    sink.next(event('step-end', { step: i + 1, loss, learningRate: 0.1 }));
    sink.next(updatesOf({ a: loss, b: 1 }, { step: i + 1 }));
  }
  await sink.close();
});

it('DuckDB takes a loss that is NaN now and then for a column of numbers', () => {
  const program = `
import duckdb, json, sys
rows = "from read_json(?) where type = 'step-end'"
kind = duckdb.execute("select distinct typeof(loss) " + rows, sys.argv[1:]).fetchall()
some = duckdb.execute("select count(*), count(loss), avg(loss), max(learningRate) " + rows, sys.argv[1:]).fetchall()
print(json.dumps([kind, some]))`;
  expect(JSON.parse(runPython(pythonWith('duckdb==2.0.1'), program, [path]))).toEqual([
    [['DOUBLE']],
    [[4, 2, 1.5, 0.1]],
  ]);
});

it('jq computes with it, and says where it was no number', () => {
  const jq = (...args: string[]) => JSON.parse(execFileSync('jq', [...args, path], { encoding: 'utf8' }));
  expect(jq('-s', '[.[] | select(.type == "step-end").loss | numbers] | add')).toBe(3);
  expect(jq('-s', '[.[] | select(.type == "step-end") | select(.["$"]) | [.step, .["$"][0][0]]]')).toEqual([
    [2, 'NaN'],
    [3, 'Infinity'],
  ]);
});
