import { isJsonNumber, lackingName, lackingNumber } from './lacking-numbers.js';
import { plainData, thrownText } from './plain-data.js';

/**
 * Any data as JSON: a number that JSON lacks as `{"$":"NaN"}` and so on, what JSON cannot say as a text. Data that look so
 * themselves are told apart by one more `$`.
 */
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

/** What is written of a value of a record, numbers apart. */
export function writable(key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (value instanceof Error) return value.message;
  if (key === 'cause') return thrownText(value);
  if (key === 'parameters' && isLiveHandle(value)) return undefined;
  return value;
}

function replace(key: string, value: unknown): unknown {
  if (typeof value === 'number') return isJsonNumber(value) ? value : { $: lackingName(value) };
  const written = writable(key, value);
  return looksLacking(written) ? { ...written, $: `$${written.$}` } : written;
}

function revive(_key: string, value: unknown): unknown {
  if (!looksLacking(value)) return value;
  return lackingNumber(value.$) ?? { ...value, $: value.$.slice(1) };
}

/** Whether it is what a number is written as, or data that look so. */
function looksLacking(value: unknown): value is { readonly $: string } {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$')) return false;
  const { $: name } = value as { readonly $: unknown };
  return typeof name === 'string' && lackingNumber(name.replace(/^\$+/, '')) !== undefined;
}

function isLiveHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'snapshot' in value;
}
