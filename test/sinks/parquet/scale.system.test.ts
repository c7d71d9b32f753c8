/** The questions of docs/scale.md, as they are written there, to a hundred runs: of DuckDB, Spark, pandas and pyarrow. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from '../../docs/pages.js';
import { pythonWith, runPython } from '../../helpers/python.js';
import { hundredRuns, type Trained } from './hundred-runs.js';

const root = mkdtempSync(join(tmpdir(), 'trainscope-scale-'));
afterAll(() => rmSync(root, { recursive: true }));

const blocks = pages().find(({ path }) => path === 'docs/scale.md')!.codeBlocks;
const python = (word: string) => blocks.find(({ lang, text }) => lang === 'python' && text.includes(word))!.text;
const questions = blocks.filter(({ lang }) => lang === 'sql').map(({ text }) => text);

/** For little data on little of a machine: one thread, on loopback, without compilers that need longer than the questions. */
const SPARK_SETTINGS = [
  '--master local[1] --driver-java-options -XX:TieredStopAtLevel=1',
  ...[
    'ui.enabled=false',
    'sql.shuffle.partitions=1',
    'sql.files.openCostInBytes=0',
    'sql.codegen.wholeStage=false',
  ].map((setting) => `--conf spark.${setting}`),
].join(' ');

type Row = Readonly<Record<string, unknown>>;

/** The rows that each question is answered with, by what the page says to call; numbers that JSON lacks as texts. */
function answers(environment: string, setUp: string, rowsOf: string): Row[][] {
  const program = `
import json, math, os, sys
os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, PYSPARK_SUBMIT_ARGS="${SPARK_SETTINGS} pyspark-shell")
${setUp}
cell = lambda v: str(v) if isinstance(v, float) and not math.isfinite(v) else v
def rows_of(question):
${rowsOf.replaceAll(/^/gm, '    ')}
for question in json.loads(sys.argv[1]):
    print("\\n=" + json.dumps([{k: cell(v) for k, v in row.items()} for row in rows_of(question)]))`;
  const printed = runPython(environment, program, [JSON.stringify(questions)], root);
  return printed
    .split('\n')
    .filter((line) => line.startsWith('='))
    .map((line) => JSON.parse(line.slice(1)) as Row[]);
}

let trained: Trained[];
let tables: string;
let spark: string;
beforeAll(async () => {
  tables = pythonWith('pandas==2.2.3', 'pyarrow==26.0.1', 'duckdb==2.0.1');
  spark = pythonWith('pyspark==4.3.0');
  trained = await hundredRuns(join(root, 'runs'));
});

/** What the trainings themselves say of each question. */
function expected(): Row[][] {
  const diverged = trained.filter(
    ({ losses }) => !(losses.at(-1)! <= 10 * Math.min(...losses.filter(Number.isFinite))),
  );
  const broken = trained.filter(({ brokenAt }) => brokenAt !== undefined);
  const still = ['gate', 'head', 'line'].map((layer) => ({
    layer,
    runs: 100,
    dead_in: trained.filter((run) => run.still.includes(layer)).length,
  }));
  return [
    diverged.map(({ run, losses }) => ({
      run,
      steps: losses.length,
      least_loss: Math.min(...losses.filter((loss) => !Number.isNaN(loss))),
      last_loss: asText(losses.at(-1)!),
    })),
    broken.map(({ run, brokenAt }) => ({
      run,
      first_step: brokenAt,
      parameter: expect.stringMatching(/^(line|head|gate)\//),
    })),
    still.filter(({ dead_in }) => dead_in > 50).sort((a, b) => b.dead_in - a.dead_in),
  ];
}

const asText = (value: number) =>
  Number.isFinite(value) ? value : String(value).replace('NaN', 'nan').replace('Infinity', 'inf');

it('the hundred runs are ill and well as they were meant to be', () => {
  const [diverged, broken, dead] = expected();
  expect([diverged!.length, broken!.length]).toEqual([10, 5]);
  expect(dead!.map(({ layer }) => layer)).toEqual(['gate', 'head']);
  expect(questions).toHaveLength(3);
});

describe('the questions of docs/scale.md', () => {
  it('are answered by DuckDB', () => {
    const rowsOf = 'found = db.sql(question)\nreturn [dict(zip(found.columns, row)) for row in found.fetchall()]';
    expect(answers(tables, python('duckdb.connect'), rowsOf)).toEqual(expected());
  });

  it('are answered by Spark', () => {
    const rowsOf = 'return [row.asDict() for row in spark.sql(question).collect()]';
    expect(answers(spark, python('SparkSession'), rowsOf)).toEqual(expected());
  });

  it('one run is read by pandas', () => {
    const program = `
import json
${python('pd.read_parquet').replaceAll('adam-1e-3', 'run-007')}
print(json.dumps([str(df["step"].dtype), list(norms.columns), norms.shape[0], norms.loc[60].tolist()]))`;
    const [dtype, names, steps, last] = JSON.parse(runPython(tables, program, [], root));
    expect([dtype, names, steps]).toEqual([
      'int64',
      ['gate/bias', 'gate/kernel', 'head/kernel', 'line/bias', 'line/kernel'],
      60,
    ]);
    expect(last.every((norm: number) => norm >= 0 && norm < 1)).toBe(true);
  });

  it('columns have types of their own for pyarrow, in every file', () => {
    const program = `
import json
import pyarrow.dataset as ds
dataset = ds.dataset("runs", format="parquet")
schemas = {str(fragment.physical_schema.remove_metadata()) for fragment in dataset.get_fragments()}
table = dataset.to_table()
nulls = {name: table[name].null_count for name in table.column_names}
print(json.dumps([len(dataset.files), len(schemas), {f.name: str(f.type) for f in dataset.schema}, table.num_rows, nulls]))`;
    const [files, schemas, types, rows, nulls] = JSON.parse(runPython(tables, program, [], root));
    expect([files, schemas, rows]).toEqual([300, 1, 100 * 60 * 5]);
    expect(types).toMatchObject({ run: 'string', step: 'int64', time: 'timestamp[ms, tz=UTC]', loss: 'double' });
    expect(Object.keys(nulls).filter((name) => nulls[name] === rows)).toEqual(['mean_abs_ratio', 'std_ratio']);
    expect(Object.keys(nulls).filter((name) => nulls[name] > 0 && nulls[name] < rows)).toEqual([]);
  });
});
