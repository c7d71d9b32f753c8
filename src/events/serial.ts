import { plainData, thrownText } from './plain-data.js';

/** The version of the serial form that {@link encodeRecord} writes. */
export const SERIAL_VERSION = 1;

/**
 * One record (an event or a measurement) as one line of JSON, without its end of line.
 *
 * NaN, the infinities and −0, which JSON lacks or loses, become `{"$":"NaN"}` and so on. Typed arrays become arrays,
 * what was thrown its message, and live parameter handles are left out. Whatever a record holds, it has a line: what JSON
 * cannot say (a circle, a BigInt, a getter that throws) becomes a text that says what was there.
 */
export function encodeRecord(record: { readonly type: string }): string {
  // The type first, whatever order its fields are in: a reader knows a recorded run by its first bytes.
  return encodeJson(Object.assign({ v: SERIAL_VERSION, type: record.type }, record));
}

/**
 * The record of a line written by {@link encodeRecord}, as plain data.
 *
 * @throws SyntaxError when the line is not JSON, TypeError when it is no record or of a version that is not known.
 */
export function decodeRecord(line: string): { readonly type: string; readonly [field: string]: unknown } {
  // Visiting every value is slow, and few lines have a number that JSON lacks.
  const record: unknown = line.includes('{"$":') ? JSON.parse(line, revive) : JSON.parse(line);
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new TypeError(`record: expected an object, got ${line.slice(0, 80)}`);
  }
  const { v, ...fields } = record as Record<string, unknown>;
  if (v !== SERIAL_VERSION) {
    throw new TypeError(
      `v: expected version ${SERIAL_VERSION}, got ${JSON.stringify(v)}; read it with the trainscope that wrote it`,
    );
  }
  if (typeof fields.type !== 'string')
    throw new TypeError(`type: expected a string, got ${JSON.stringify(fields.type)}`);
  return fields as { type: string };
}

/** A number as {@link encodeRecord} writes it. */
export function encodeNumber(value: number): string {
  return isJsonNumber(value) ? String(value) : `{"$":"${nameOf(value)}"}`;
}

/** Any data as JSON, with the numbers that JSON lacks, and what it cannot say, in the form of {@link encodeRecord}. */
export function encodeJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, replace, indent);
  } catch {
    return JSON.stringify(plainData(value), replace, indent);
  }
}

/** @throws SyntaxError when the text is not JSON. */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, revive);
}

/** The numbers that JSON lacks, by their names. */
const UNSPEAKABLE: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function nameOf(value: number): string {
  return value === 0 ? '-0' : String(value);
}

function replace(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'number' && !isJsonNumber(value)) return { $: nameOf(value) };
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (value instanceof Error) return value.message;
  if (key === 'cause') return thrownText(value);
  if (key === 'parameters' && isLiveHandle(value)) return undefined;
  return value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$')) return value;
  return UNSPEAKABLE.get((value as { $: unknown }).$) ?? value;
}

function isLiveHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'snapshot' in value;
}
