import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { layerOf, STATISTICS, type Statistic } from '../../parameters/index.js';
import { snakeCase } from '../snake-case.js';
import type { StepContext, StepRows } from './step-rows.js';

/** What the footer says of who wrote a file: the number is that of its columns' form. */
export const CREATED_BY = 'trainscope version 1';

/**
 * A whole Parquet file of one row group: a row a parameter and step. The columns are the same whatever was measured, so
 * that the files of many runs are one table: what is not known is null, and NaN is NaN.
 */
export function encodePart(steps: readonly StepRows[]): Uint8Array {
  const rows = steps.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const columnData = columnsOf(steps, rows);
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: Math.max(1, rows), createdBy: CREATED_BY }));
}

function columnsOf(steps: readonly StepRows[], rows: number): ColumnSource[] {
  const ofStep = <T>(value: (context: StepContext) => T): T[] => repeated(steps, rows, value);
  const ofParameter = <T>(values: (context: StepContext) => readonly T[]): T[] => listed(steps, rows, values);
  return [
    // Readers skip the files that have no row of a run or of some steps.
    {
      ...word(
        'run',
        ofStep(({ run }) => run),
      ),
      statistics: true,
    },
    {
      ...word(
        'step',
        ofStep(({ step }) => wholeNumber(step)),
        'INT64',
      ),
      statistics: true,
    },
    real(
      'epoch',
      ofStep(({ epoch }) => known(epoch)),
    ),
    word(
      'time',
      ofStep(({ time }) => wholeNumber(time)),
      'TIMESTAMP',
    ),
    real(
      'loss',
      ofStep(({ loss, lossShown }) => (lossShown === false ? null : loss)),
    ),
    real(
      'learning_rate',
      ofStep(({ learningRate }) => known(learningRate)),
    ),
    word(
      'parameter',
      ofParameter(({ names }) => names),
    ),
    word(
      'layer',
      ofParameter(({ names }) => layersOf(names)),
    ),
    word(
      'size',
      ofParameter(({ sizes }) => integersOf(sizes)),
      'INT64',
    ),
    ...STATISTICS.map((statistic) => real(snakeCase(statistic), measured(steps, rows, statistic))),
  ];
}

/** A column of few different values, in a dictionary. */
function word(name: string, data: ColumnSource['data'], type: ColumnSource['type'] = 'STRING'): ColumnSource {
  // An empty dictionary is more than some readers take.
  const none = data.every((value) => value === null || value === undefined);
  return { name, data, type, encoding: none ? 'PLAIN' : 'RLE_DICTIONARY', statistics: false };
}

/** A column of float64. A dictionary would make one of 0 and -0; least and greatest would take longer than all else. */
function real(name: string, data: ColumnSource['data']): ColumnSource {
  return { name, data, type: 'DOUBLE', encoding: 'PLAIN', statistics: false };
}

/** A value of each step, for all its rows. */
function repeated<T>(steps: readonly StepRows[], rows: number, value: (context: StepContext) => T): T[] {
  const column = new Array<T>(rows);
  let at = 0;
  for (const { context, begin, end } of steps) {
    column.fill(value(context), at, at + end - begin);
    at += end - begin;
  }
  return column;
}

/** A value of each parameter of each step. */
function listed<T>(steps: readonly StepRows[], rows: number, values: (context: StepContext) => readonly T[]): T[] {
  const column = new Array<T>(rows);
  let at = 0;
  for (const { context, begin, end } of steps) {
    const list = values(context);
    for (let i = begin; i < end; i++) column[at++] = list[i]!;
  }
  return column;
}

function measured(steps: readonly StepRows[], rows: number, statistic: Statistic): ColumnSource['data'] {
  const isWhole = ({ columns, begin, end }: StepRows) => columns[statistic]?.length === end - begin;
  const column = steps.every(isWhole) ? new Float64Array(rows) : new Array<number | null>(rows).fill(null);
  let at = 0;
  for (const { columns, begin, end } of steps) {
    const values = columns[statistic];
    if (values && column instanceof Float64Array) column.set(values, at);
    else if (values) for (const [i, value] of values.entries()) column[at + i] = value;
    at += end - begin;
  }
  return column;
}

/** A number that is NaN where it is not known. */
const known = (value: number | undefined): number | null =>
  typeof value === 'number' && !Number.isNaN(value) ? value : null;

const wholeNumber = (value: number): bigint | null => (Number.isSafeInteger(value) ? BigInt(value) : null);

/** A run has one list of names and one of sizes: what is made of them is made once. */
const layersOf = onceAList((name: string) => layerOf(name));
const integersOf = onceAList(wholeNumber);

function onceAList<T, R>(make: (value: T) => R): (list: readonly T[]) => readonly R[] {
  const made = new WeakMap<readonly T[], readonly R[]>();
  return (list) => {
    let results = made.get(list);
    if (!results) {
      results = list.map(make);
      made.set(list, results);
    }
    return results;
  };
}
