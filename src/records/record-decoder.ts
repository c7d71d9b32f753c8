import { decodeRecord, type RunRecord } from '../events/index.js';
import { createParameterUpdates, type ParameterUpdatesData } from '../parameters/index.js';

/** Decodes the lines of one file, from its first on. */
export interface RecordDecoder {
  /**
   * The record of a line; undefined for a line that says what later ones are about.
   *
   * @throws Error for a line that `jsonlSink` did not write.
   */
  decode(line: string): RunRecord | undefined;
  /** Go on after a damaged line. */
  skip(line: string): void;
}

/** The parameters that the measurements of a file are of. */
interface ParameterTable {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
}

/** How many lists of parameters `jsonlSink` has in use at a time; their ids are given in turn. */
const TABLES = 8;

/** A decoder of the lines that `jsonlSink` wrote to one file. */
export function recordDecoder(): RecordDecoder {
  const tables = new Map<number, ParameterTable>();
  /** The id that the next list of parameters will have. */
  let nextId = 0;
  const forget = (id: number) => {
    tables.delete(id);
    nextId = (id + 1) % TABLES;
  };
  return {
    decode(line) {
      const record = decodeRecord(line);
      if (record.type === 'parameters') {
        forget(Number(record.id));
        tables.set(Number(record.id), tableOf(record));
        return undefined;
      }
      if (!('columns' in record && 'parameters' in record)) return record as unknown as RunRecord;
      const table = tables.get(record.parameters as number);
      if (!table) throw new TypeError(`parameters: expected a line before that lists them, got ${record.parameters}`);
      return revive(record, table);
    },
    // It may have been a list of parameters. Later measurements of it have to be missed, or they would go by the names
    // of the list that had its id before.
    skip(line) {
      const ids = [...line.matchAll(/"type":"parameters","id":(\d+)/g)].map(([, id]) => Number(id));
      for (const id of ids.length > 0 ? ids : [nextId]) forget(id);
    },
  };
}

function tableOf({ names, sizes }: Readonly<Record<string, unknown>>): ParameterTable {
  if (!Array.isArray(names) || !Array.isArray(sizes) || names.length !== sizes.length) {
    throw new TypeError('parameters: expected as many names as sizes, got something else');
  }
  return { names, sizes };
}

/** A measurement with its names and its typed columns, of the class that operators emit. */
function revive(record: Readonly<Record<string, unknown>>, { names, sizes }: ParameterTable): RunRecord {
  const { parameters: _, columns, histograms, ...rest } = record;
  const revived = { ...rest, names, sizes, columns: reviveColumns(columns as object, names.length) };
  if (record.type !== 'parameter-updates') {
    return { ...revived, ...(histograms !== undefined && { histograms }) } as unknown as RunRecord;
  }
  return createParameterUpdates({ ...revived, histograms: histograms ?? {} } as unknown as ParameterUpdatesData<never>);
}

/** Of own properties, whatever their names: `columns['__proto__'] = values` would set a prototype. */
function reviveColumns(columns: object, length: number): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, reviveColumn(name, values, length)]),
  );
}

function reviveColumn(name: string, values: unknown, length: number): Float64Array {
  if (typeof values === 'number') return new Float64Array(length).fill(values);
  if (isNumbers(values) && values.length === length) return Float64Array.from(values);
  throw new TypeError(`columns.${name}: expected ${length} numbers, one a parameter, got something else`);
}

function isNumbers(values: unknown): values is number[] {
  return Array.isArray(values) && values.every((value) => typeof value === 'number');
}
