import { checkThat, describeValue, type RunRecord } from '../../events/index.js';
import { decodeRecord } from '../../events/serial/index.js';
import {
  createParameterUpdates,
  type ParameterUpdatesData,
  type RankParameters,
  SUM_FIELDS,
  type UpdateSums,
} from '../../parameters/index.js';
import { type ParameterTable, tableOf } from './parameter-table.js';
import { reviveColumns } from './revive-columns.js';

/** What a rank found of one update, with typed columns. */
export interface ParameterSums {
  readonly type: 'parameter-sums';
  /** The name of the run, as the sender has it. */
  readonly run: string;
  /** Updates done, this one included. */
  readonly step: number;
  /** Epochs done, with the fraction of the running one. */
  readonly epoch: number;
  /** Milliseconds since 1970-01-01 UTC, by the clock of the sender. */
  readonly time: number;
  /** The parameters, or the pieces of them, that the sums are of. */
  readonly parameters: RankParameters;
  /** One column a sum, one element a parameter of `parameters`. */
  readonly sums: UpdateSums;
  /** Milliseconds from the end of the update before to the end of the forward pass, where the sender times it. */
  readonly forwardMs?: number;
}

/** Decodes the lines of one stream, from its first on. */
export interface RecordDecoder {
  /**
   * The record of a line; undefined for a line that says what later ones are about. `bytes` are those that follow the
   * line, where columns lie in them.
   *
   * @throws Error for a line that is none of a recorded run, or of the wire.
   */
  decode(line: string, bytes?: Uint8Array): RunRecord | ParameterSums | undefined;
  /** Go on after a damaged line. */
  skip(line: string): void;
}

/** A decoder that another one can go on from. */
export interface ResumableDecoder extends RecordDecoder {
  /** What the lines so far have said of later ones: the same object as long as they say no more. */
  readonly known: KnownTables;
}

/** The lists of parameters that later lines may refer to. */
export interface KnownTables {
  readonly tables: ReadonlyMap<number, ParameterTable>;
  /** The id that the next list of parameters will have. */
  readonly nextId: number;
}

const NO_TABLES: KnownTables = { tables: new Map(), nextId: 0 };

/** How many lists of parameters are in use at a time; their ids are given in turn. */
const TABLES = 8;

/**
 * A decoder of the lines of one stream, as `jsonlSink` writes them, or another process sends them.
 *
 * @example
 * ```ts
 * import { encodeRecord, recordDecoder } from 'trainscope';
 * import { trainingEvent } from 'trainscope/testing';
 *
 * const decoder = recordDecoder();
 * const line = encodeRecord(trainingEvent('epoch-end', { step: 10, epoch: 1 }));
 * console.log(decoder.decode(line)?.type); // epoch-end
 * ```
 */
export function recordDecoder(): RecordDecoder {
  const { decode, skip } = decoderFrom(NO_TABLES);
  return { decode, skip };
}

/** A decoder of the lines of one stream behind those that said what is known. */
export function decoderFrom(known: KnownTables = NO_TABLES): ResumableDecoder {
  const forget = (id: number) => {
    const tables = new Map(known.tables);
    tables.delete(id);
    known = { tables, nextId: (id + 1) % TABLES };
    return tables;
  };
  return {
    get known() {
      return known;
    },
    decode(line, bytes) {
      const record = decodeRecord(line);
      checkNumbers(record);
      if (record.type === 'parameters') {
        const tables = forget(Number(record.id));
        tables.set(checkId(record.id), tableOf(record));
        return undefined;
      }
      const isOfParameters = record.type === 'parameter-sums' || ('columns' in record && 'parameters' in record);
      if (!isOfParameters) return record as unknown as RunRecord;
      const table = known.tables.get(record.parameters as number);
      if (!table) {
        throw new TypeError(
          `parameters: expected a line before that lists them, got ${describeValue(record.parameters)}`,
        );
      }
      return record.type === 'parameter-sums' ? reviveSums(record, table, bytes) : revive(record, table, bytes);
    },
    // It may have been a list of parameters. Later measurements of it have to be missed, or they would go by the names
    // of the list that had its id before.
    skip(line) {
      const ids = [...line.matchAll(/"type":"parameters","id":(\d+)/g)].map(([, id]) => Number(id));
      for (const id of ids.length > 0 ? ids : [known.nextId]) forget(id);
    },
  };
}

/** What is a number in every record that has it. */
const NUMBERS = ['step', 'epoch', 'time'] as const;

/** Of a step, besides. What is not known is left out, or null. */
const STEP_NUMBERS = [...NUMBERS, 'loss', 'learningRate', 'durationMs', 'examples', 'observingMs'] as const;

function checkNumbers(record: Fields & { readonly type: string }): void {
  for (const name of record.type === 'step-end' ? STEP_NUMBERS : NUMBERS) {
    const value = record[name] ?? undefined;
    checkThat(name, value === undefined || typeof value === 'number', 'a number', value);
  }
}

function checkId(id: unknown): number {
  if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < TABLES) return id as number;
  throw new TypeError(`id: expected a whole number from 0 to ${TABLES - 1}, got ${describeValue(id)}`);
}

type Fields = Readonly<Record<string, unknown>>;

/** A measurement with its names and its typed columns, of the class that operators emit. */
function revive(record: Fields, { names, sizes }: ParameterTable, bytes: Uint8Array | undefined): RunRecord {
  const { parameters: _, binary: __, columns, histograms, ...rest } = record;
  const revived = { ...rest, names, sizes, columns: reviveColumns('columns', columns, names.length, bytes) };
  if (record.type !== 'parameter-updates') {
    return { ...revived, ...(histograms !== undefined && { histograms }) } as unknown as RunRecord;
  }
  const counted = isEmpty(histograms) ? {} : checkHistograms(histograms, names.length);
  return createParameterUpdates({ ...revived, histograms: counted } as unknown as ParameterUpdatesData<never>);
}

const SUMS: ReadonlySet<string> = new Set(Object.values(SUM_FIELDS).flat());

function reviveSums(record: Fields, table: ParameterTable, bytes: Uint8Array | undefined): ParameterSums {
  const { run, step, epoch, time, forwardMs, histograms } = record;
  const columns = reviveColumns('sums', record.sums, table.names.length, bytes);
  for (const name of Object.keys(columns)) {
    if (!SUMS.has(name)) throw new TypeError(`sums: expected ${[...SUMS].join(', ')}; got ${JSON.stringify(name)}`);
  }
  const sums = {
    size: table.size,
    ...columns,
    ...(histograms !== undefined && { histograms: checkHistograms(histograms, table.names.length) }),
  };
  return {
    type: 'parameter-sums',
    run: run as string,
    step: step as number,
    epoch: epoch as number,
    time: time as number,
    parameters: table,
    sums,
    ...(typeof forwardMs === 'number' && { forwardMs }),
  };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function checkHistograms(histograms: unknown, length: number): NonNullable<UpdateSums['histograms']> {
  const lists = typeof histograms === 'object' && histograms !== null ? Object.entries(histograms) : [];
  const isRight = ([subject, list]: [string, unknown]) =>
    ['update', 'weight', 'gradient'].includes(subject) &&
    Array.isArray(list) &&
    list.length === length &&
    list.every(isHistogram);
  if (lists.length > 0 && lists.every(isRight)) return histograms as NonNullable<UpdateSums['histograms']>;
  throw new TypeError(`histograms: expected lists of ${length} histograms for update, weight or gradient, got others`);
}

function isHistogram(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { zeros, nonFinite, firstExponent, counts } = value as Record<string, unknown>;
  return (
    [zeros, nonFinite, firstExponent].every(Number.isSafeInteger) &&
    Array.isArray(counts) &&
    counts.length <= 4_096 &&
    counts.every(Number.isSafeInteger)
  );
}
