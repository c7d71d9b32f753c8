/** The version of the serial form that {@link encodeRecord} writes. */
export const SERIAL_VERSION = 1;

/**
 * One record (an event or a measurement) as one line of JSON, without its end of line.
 *
 * NaN and the infinities, which JSON lacks, become `{"$":"NaN"}` and so on. Typed arrays become arrays, errors their
 * messages, and live parameter handles are left out.
 */
export function encodeRecord(record: { readonly type: string }): string {
  return JSON.stringify({ v: SERIAL_VERSION, ...record }, replace);
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
  return Number.isFinite(value) ? String(value) : `{"$":"${value}"}`;
}

/** Any plain data as JSON, with the numbers that JSON lacks in the form of {@link encodeRecord}. */
export function encodeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replace, indent);
}

/** @throws SyntaxError when the text is not JSON. */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, revive);
}

const NON_FINITE: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

function replace(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return { $: String(value) };
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (value instanceof Error) return value.message;
  if (key === 'parameters' && isLiveHandle(value)) return undefined;
  return value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$' in value)) return value;
  return NON_FINITE[String(value.$)] ?? value;
}

function isLiveHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'snapshot' in value;
}
