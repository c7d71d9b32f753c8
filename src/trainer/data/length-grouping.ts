import { describeValue } from '../../events/index.js';
import { isRecord, lengthOf, mainInputIn, quotedNames } from './main-input.js';
import type { ExampleSource } from './train-dataset.js';

/** What is needed to put examples of like length side by side. */
export interface LengthGrouping {
  /** Of every example, by index. */
  readonly lengths: readonly number[];
  /** Examples in an update. */
  readonly groupSize: number;
}

/** In how many updates' worth of examples like lengths are looked for, at most… */
const MOST_GROUPS = 50;
/** …and in how many parts a small dataset is sorted at least, so that its order stays random. */
const LEAST_PARTS = 4;

/**
 * An order in which examples of like length follow each other; semantics of transformers' LengthGroupedSampler. The
 * order given is cut into parts of 50 updates, fewer where that would make less than four parts; each is sorted by
 * length, the longest first; and the longest of all comes first, so that what does not fit into memory fails at once.
 */
export function lengthGroupedOrder(order: readonly number[], { lengths, groupSize }: LengthGrouping): number[] {
  const groups = Math.min(Math.floor(order.length / (groupSize * LEAST_PARTS)), MOST_GROUPS);
  const size = Math.max(groups, 1) * groupSize;
  const parts: number[][] = [];
  for (let start = 0; start < order.length; start += size) {
    parts.push(order.slice(start, start + size).sort((a, b) => lengths[b]! - lengths[a]!));
  }
  const longest = parts.reduce((best, part) => (lengths[part[0]!]! > lengths[best[0]!]! ? part : best), parts[0] ?? []);
  const first = parts[0];
  if (first) [first[0], longest[0]] = [longest[0]!, first[0]!];
  return parts.flat();
}

/**
 * The lengths of all examples: the number in the field `column`, or else the length of the model's input.
 *
 * @throws TypeError for examples without either, and for a dataset that is not indexed.
 */
export async function exampleLengths<Example>(
  { at, length }: ExampleSource<Example>,
  column: string,
  inputNames: readonly string[],
): Promise<number[]> {
  if (!at || length === undefined) {
    throw new TypeError(
      'trainSamplingStrategy: expected a trainDataset that is an array or has length and get(index) with "group_by_length", got one that is iterated in its own order; give an indexed one, or leave trainSamplingStrategy out',
    );
  }
  const lengths: number[] = [];
  for (let index = 0; index < length; index++) {
    const { value, tensors } = await at(index);
    try {
      lengths.push(lengthOfExample(value, column, inputNames, index));
    } finally {
      for (const tensor of tensors) tensor.dispose();
    }
  }
  return lengths;
}

function lengthOfExample(example: unknown, column: string, inputNames: readonly string[], index: number): number {
  const given = mainInputIn(example, [column])?.value;
  if (typeof given === 'number' && given >= 0) return given;
  const input = mainInputIn(example, inputNames);
  const length = input && lengthOf(input.value);
  if (length !== undefined) return length;
  throw new TypeError(
    `trainSamplingStrategy: expected a number ${JSON.stringify(column)} or ${quotedNames(inputNames)} in every example, got ${describeExample(example)} at index ${index}; set lengthColumnName, or the model's mainInputName`,
  );
}

function describeExample(example: unknown): string {
  return isRecord(example) ? `one with ${Object.keys(example).join(', ') || 'nothing'}` : describeValue(example);
}
