import { Tensor } from '@tensorflow/tfjs-core';

/** What a model that does not say is given its text by: our name, and transformers'. */
export const TEXT_INPUT_NAMES: readonly string[] = ['inputIds', 'input_ids'];

/** The input of an example or a batch by which its size is told: the first of these names that is there. */
export function mainInputIn(
  record: unknown,
  names: readonly string[],
): { readonly name: string; readonly value: unknown } | undefined {
  if (!isRecord(record)) return undefined;
  const name = names.find((one) => record[one] !== undefined && record[one] !== null);
  return name === undefined ? undefined : { name, value: record[name] };
}

/** The length of a text, in tokens: of an array, or the first dimension of a tensor. */
export function lengthOf(value: unknown): number | undefined {
  if (value instanceof Tensor) return value.shape[0];
  if (Array.isArray(value) || isTypedArray(value)) return value.length;
  return undefined;
}

/** For messages: `"a" or "b"`. */
export function quotedNames(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(' or ');
}

/** Whether a value has named fields; an array has none. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function isTypedArray(value: unknown): value is Int32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
