import { decodeJson, writable } from './json.js';
import { isJsonNumber, lackingName, lackingNumber } from './lacking-numbers.js';
import { plainData } from './plain-data.js';

/** The version of the serial form that {@link encodeRecord} writes. */
export const SERIAL_VERSION = 2;

/**
 * Where a record has a number that JSON lacks: its name, and the keys that lead to it. The last may be a list of keys, for
 * the elements of one array.
 */
export type LackingPlace = readonly [name: string, ...keys: readonly (string | number | readonly number[])[]];

/** A record as JSON, with null (or 0) in the places of what JSON lacks. */
export interface RecordText {
  readonly text: string;
  readonly lacking: readonly LackingPlace[];
}

/**
 * One record (an event or a measurement) as one line of JSON, without its end of line.
 *
 * A number that JSON lacks is null, so that a column of numbers stays one for whoever reads the line, and −0 is 0; the
 * last field, `$`, says which and where: `{"loss":null,"$":[["NaN","loss"]]}`. Typed arrays become arrays, what was thrown
 * its message, and live parameter handles are left out. Whatever a record holds, it has a line: what JSON cannot say (a
 * circle, a BigInt, a getter that throws) becomes a text that says what was there.
 *
 * @example
 * ```ts
 * import { encodeRecord } from 'trainscope';
 * import { trainingEvent } from 'trainscope/testing';
 *
 * const line = encodeRecord(trainingEvent('log', { metrics: { loss: NaN } }));
 * console.log(line); // {"v":2,"type":"log",…,"metrics":{"loss":null},"$":[["NaN","metrics","loss"]]}
 * ```
 */
export function encodeRecord(record: { readonly type: string }): string {
  return lineOf(recordText(record));
}

/** The line of a record's text. */
export function lineOf({ text, lacking }: RecordText): string {
  return lacking.length === 0 ? text : `${text.slice(0, -1)},"$":${JSON.stringify(lacking)}}`;
}

/** A record as {@link encodeRecord} writes it, to be put together with more. */
export function recordText(record: { readonly type: string }): RecordText {
  try {
    return objectText(formOf(record));
  } catch {
    return objectText(formOf(plainData(record) as typeof record));
  }
}

/** The fields of a line: those that every line begins with are the first. */
function formOf(record: { readonly type: string }): object {
  return { v: SERIAL_VERSION, type: record.type, ...withOwnNames(record) };
}

/** Any object as JSON, in the same form. */
export function objectText(fields: object): RecordText {
  const lacking: LackingPlace[] = [];
  /** Of each object, what holds it and by which key, as it was met last. */
  const above = new Map<unknown, readonly [holder: unknown, key: string]>();
  const keysTo = (holder: unknown, key: string): (string | number)[] => {
    const further = above.get(holder);
    return further ? [...keysTo(...further), Array.isArray(holder) ? Number(key) : key] : [];
  };
  const text = JSON.stringify(fields, function (this: unknown, key: string, value: unknown) {
    const written = writable(key, value);
    if (typeof written === 'object' && written !== null) above.set(written, [this, key]);
    else if (typeof written === 'number' && !isJsonNumber(written)) {
      lacking.push([lackingName(written), ...keysTo(this, key)]);
    }
    return written;
  });
  return { text, lacking };
}

/** Fields of the form itself, and those that would look like them. */
const RESERVED = /^(?:v$|\$)/;

/** A field of the record's own that is called as one of the form has a `$` before it. */
function withOwnNames(record: object): object {
  if (!Object.keys(record).some((name) => RESERVED.test(name))) return record;
  return renamed(record, (name) => (RESERVED.test(name) ? `$${name}` : name));
}

function withoutOwnNames(fields: object): object {
  if (!Object.keys(fields).some((name) => name.startsWith('$'))) return fields;
  return renamed(fields, (name) => (name.startsWith('$') ? name.slice(1) : name));
}

function renamed(fields: object, rename: (name: string) => string): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [rename(name), value]));
}

/**
 * The record of a line written by {@link encodeRecord}, of this version or of an earlier one, as plain data.
 *
 * @throws SyntaxError when the line is not JSON, TypeError when it is no record or of a version that is not known.
 *
 * @example
 * ```ts
 * import { decodeRecord } from 'trainscope';
 *
 * const record = decodeRecord('{"v":2,"type":"log","metrics":{"loss":null},"$":[["NaN","metrics","loss"]]}');
 * console.log(record.type, record.metrics); // log { loss: NaN }
 * ```
 */
export function decodeRecord(line: string): { readonly type: string; readonly [field: string]: unknown } {
  const record: unknown = JSON.parse(line);
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new TypeError(`record: expected an object, got ${line.slice(0, 80)}`);
  }
  const fields = fieldsOf(record as Record<string, unknown>, line) as { readonly type?: unknown };
  if (typeof fields.type !== 'string')
    throw new TypeError(`type: expected a string, got ${JSON.stringify(fields.type)}`);
  return fields as { type: string };
}

function fieldsOf({ v, $: lacking, ...fields }: Record<string, unknown>, line: string): object {
  if (v === 1) return fieldsOfFirstVersion(line);
  if (v !== SERIAL_VERSION) {
    throw new TypeError(
      `v: expected version ${SERIAL_VERSION} or an earlier one, got ${JSON.stringify(v)}; read it with the trainscope that wrote it`,
    );
  }
  if (lacking !== undefined) putBack(fields, lacking);
  return withoutOwnNames(fields);
}

/** It had `{"$":"NaN"}` in the places of what JSON lacks. */
function fieldsOfFirstVersion(line: string): object {
  const { v: _, ...fields } = (line.includes('{"$":') ? decodeJson(line) : JSON.parse(line)) as Record<string, unknown>;
  return fields;
}

/** Put the numbers that JSON lacks into their places. */
function putBack(fields: object, lacking: unknown): void {
  for (const [name, ...keys] of Array.isArray(lacking) ? (lacking as unknown[][]) : [[]]) {
    const number = lackingNumber(name);
    const last = keys.pop();
    const holder = keys.reduce<unknown>((at, key) => (isOwn(at, key) ? at[key as string] : undefined), fields);
    for (const key of Array.isArray(last) ? last : [last]) {
      if (number === undefined || !isOwn(holder, key)) {
        throw new TypeError(`$: expected the names and places of numbers, got ${JSON.stringify(lacking).slice(0, 80)}`);
      }
      holder[key as string] = number;
    }
  }
}

function isOwn(holder: unknown, key: unknown): holder is Record<string, unknown> {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key as PropertyKey);
}
