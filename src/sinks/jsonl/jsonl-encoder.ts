import {
  encodeRecord,
  isJsonNumber,
  type LackingPlace,
  lackingName,
  lineOf,
  recordText,
} from '../../events/serial/index.js';
import { numeralsKernel } from '../kernels/numerals-kernel.js';
import { ParameterTables } from '../parameter-tables.js';

/** The text of a record: whole lines of JSON, most often one. */
export type JsonlEncoder = (record: { readonly type: string }) => string;

/** A measurement of every parameter, whatever its type. */
interface ByParameter {
  readonly type: string;
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly columns: Readonly<Record<string, Float64Array>>;
  readonly histograms?: object;
}

/**
 * Encode the records of one file, one line a record.
 *
 * The names and sizes of parameters, which are the same at every step, are a line of their own where they change:
 * `{"v":2,"type":"parameters","id":0,"names":[…],"sizes":[…]}`. Measurements say `"parameters":0` instead, which is the
 * last such line before them. A column whose values are all the same is that one number.
 */
export function jsonlEncoder(): JsonlEncoder {
  const tables = new ParameterTables();
  return (record) => {
    if (!isByParameter(record)) return `${encodeRecord(record)}\n`;
    const { names, sizes, columns, histograms, ...rest } = record;
    const { id, line } = tables.idOf(names, sizes);
    const fields = { ...rest, parameters: id };
    const { text, lacking } = recordText(fields);
    const distributions = histograms && Object.keys(histograms).length > 0 ? JSON.stringify(histograms) : '';
    const columnsText = encodeColumns(columns);
    const body = `${text.slice(0, -1)},"columns":${columnsText}${distributions && `,"histograms":${distributions}`}}`;
    return `${line}${lineOf({ text: body, lacking: [...lacking, ...lackingIn(columns)] })}\n`;
  };
}

function isByParameter(record: object): record is ByParameter {
  const { names, sizes, columns } = record as Partial<ByParameter>;
  if (!Array.isArray(names) || !Array.isArray(sizes) || typeof columns !== 'object' || columns === null) return false;
  return Object.values(columns).every((column) => column instanceof Float64Array);
}

function encodeColumns(columns: ByParameter['columns']): string {
  const entries = Object.entries(columns).map(([name, column]) => `${JSON.stringify(name)}:${encodeColumn(column)}`);
  return `{${entries.join(',')}}`;
}

function encodeColumn(column: Float64Array): string {
  if (isOneValue(column)) return encodeNumber(column[0]!);
  return `[${column.every(isJsonNumber) ? joined(column) : Array.from(column, encodeNumber).join()}]`;
}

function joined(column: Float64Array): string {
  const pieces = numeralsKernel()?.([column], column.length);
  if (!pieces) return column.join();
  return pieces.map(asciiText).join('').slice(1);
}

/** Node's own is faster, and a browser has none of it. */
function asciiText({ buffer, byteOffset, length }: Uint8Array): string {
  return typeof Buffer === 'function'
    ? Buffer.from(buffer, byteOffset, length).toString('latin1')
    : new TextDecoder().decode(new Uint8Array(buffer, byteOffset, length));
}

function isOneValue(column: Float64Array): boolean {
  return column.length > 1 && column.every((value) => Object.is(value, column[0]));
}

/** JSON has −0, though JavaScript does not write it so. */
function encodeNumber(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : 'null';
}

/** Where columns have what is null in their text. */
function lackingIn(columns: ByParameter['columns']): LackingPlace[] {
  return Object.entries(columns).flatMap(([name, column]) => lackingInColumn(name, column));
}

function lackingInColumn(name: string, column: Float64Array): LackingPlace[] {
  if (column.every(Number.isFinite)) return [];
  if (isOneValue(column)) return [[lackingName(column[0]!), 'columns', name]];
  const elements = new Map<string, number[]>();
  for (const [i, value] of column.entries()) {
    if (Number.isFinite(value)) continue;
    const number = lackingName(value);
    const those = elements.get(number) ?? [];
    those.push(i);
    elements.set(number, those);
  }
  return [...elements].map(([number, those]) => [number, 'columns', name, those]);
}
