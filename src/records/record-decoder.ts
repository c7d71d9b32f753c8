import type { RunRecord } from '../events/measurements.js';
import { decodeRecord } from '../events/serial.js';
import { createParameterUpdates, type ParameterUpdatesData } from '../parameters/parameter-updates.js';

/** The record of a line; undefined for a line that says what later ones are about. */
export type RecordDecoder = (line: string) => RunRecord | undefined;

/** The parameters that the measurements of a file are of. */
interface ParameterTable {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
}

/** A decoder of the lines that `jsonlSink` wrote to one file, from its first on. It throws for a line that it did not. */
export function recordDecoder(): RecordDecoder {
  const tables = new Map<unknown, ParameterTable>();
  return (line) => {
    const record = decodeRecord(line);
    if (record.type === 'parameters') {
      tables.set(record.id, tableOf(record));
      return undefined;
    }
    if (!('columns' in record && 'parameters' in record)) return record as unknown as RunRecord;
    const table = tables.get(record.parameters);
    if (!table) throw new TypeError(`parameters: expected a line before that lists them, got ${record.parameters}`);
    return revive(record, table);
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

function reviveColumns(columns: object, length: number): Record<string, Float64Array> {
  const revived: Record<string, Float64Array> = {};
  for (const [name, values] of Object.entries(columns)) {
    if (typeof values === 'number') revived[name] = new Float64Array(length).fill(values);
    else if (Array.isArray(values) && values.length === length) revived[name] = Float64Array.from(values);
    else throw new TypeError(`columns.${name}: expected ${length} numbers, one a parameter, got something else`);
  }
  return revived;
}
