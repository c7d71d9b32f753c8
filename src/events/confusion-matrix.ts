import { checkOptions, checkThat, describeValue } from './check-option.js';

/** How many examples of each class were taken for each class. */
export interface ConfusionMatrix {
  /** The names of the classes, in the order of rows and columns. */
  readonly classes: readonly string[];
  /** `counts[i][j]`: the examples of class `i` that were taken for class `j`. */
  readonly counts: readonly (readonly number[])[];
}

/** How well one class is told from the others. */
export interface ClassAccuracy {
  /** The name of the class, as the matrix has it. */
  readonly name: string;
  /** Examples of the class. */
  readonly count: number;
  /** The share of them that was taken for it (its recall), 0…1; NaN where there are none. */
  readonly accuracy: number;
  /** Of the examples that were taken for it, the share that is of it, 0…1; NaN where there are none. */
  readonly precision: number;
}

/**
 * One class an example: as its number, counted from 0, or, with a shape of [examples, …, classes], as one score a class,
 * the largest of which counts.
 */
export type ClassValues =
  | ArrayLike<number>
  | {
      /** [examples, …, classes]; the product of all is the length of `data`. */
      readonly shape: readonly number[];
      /** The scores, the last axis running fastest. */
      readonly data: ArrayLike<number>;
    };

/** What a model said of some examples, and what it should have said. */
export interface ClassifiedExamples {
  /** What the model said, one class (or one row of scores) an example. */
  readonly predictions: ClassValues;
  /** What is right, in the same order; −100 for examples that do not count. */
  readonly labels: ClassValues;
}

/** Options of {@link confusionMatrix}: what classes are called, and where a single score becomes one. */
export interface ConfusionMatrixOptions {
  /** The names of the classes, in their order. Default: their numbers, as many as the scores or the examples have. */
  readonly classes?: readonly string[];
  /** With one score an example, as a sigmoid gives: from where on it is class 1. Default: above 0.5. */
  readonly threshold?: number;
}

/** A label that does not count: what fills up rows of tokens. */
export const IGNORED_LABEL = -100;

/** Classes of a matrix at most: it has the square of it as counts. */
const MOST_CLASSES = 10_000;

/**
 * Count how many examples of each class were taken for each class. Labels of −100 do not count.
 *
 * @throws RangeError for predictions and labels that are not equally many, or of a class that there is not; TypeError for
 * an option that is wrong.
 *
 * @example
 * ```ts
 * import { confusionMatrix, perClassAccuracy } from 'trainscope';
 *
 * const matrix = confusionMatrix({ predictions: [0, 1, 1], labels: [0, 1, 0] }, { classes: ['cat', 'dog'] });
 * console.log(matrix.counts); // [[1, 1], [0, 1]]
 * for (const { name, accuracy } of perClassAccuracy(matrix)) console.log(name, accuracy); // cat 0.5, dog 1
 * ```
 */
export function confusionMatrix(
  { predictions, labels }: ClassifiedExamples,
  options: ConfusionMatrixOptions = {},
): ConfusionMatrix {
  const { classes, threshold = 0.5 } = checkOptions('confusionMatrix', options, { classes: true, threshold: true });
  checkThat('threshold', typeof threshold === 'number', 'a number', threshold);
  const predicted = classesIn(predictions, threshold);
  const actual = labelsIn(labels, predicted.length);
  if (predicted.length !== actual.length) {
    throw new RangeError(
      `labels: expected as many as predictions, ${predicted.length}, got ${actual.length}; scores of classes need their shape: { shape: [examples, classes], data }`,
    );
  }
  const scored = isOneScore(predictions) ? 2 : widthOf(predictions);
  const names = classes ?? numbered(Math.max(scored, greatest(predicted) + 1, greatest(actual) + 1));
  const counts = names.map(() => new Array<number>(names.length).fill(0));
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] === IGNORED_LABEL) continue;
    const row = checkClass('labels', actual[i]!, names.length);
    counts[row]![checkClass('predictions', predicted[i]!, names.length)]!++;
  }
  return { classes: [...names], counts };
}

/**
 * How well each class is told from the others, in the order of the classes.
 *
 * @example
 * ```ts
 * import { confusionMatrix, perClassAccuracy } from 'trainscope';
 *
 * const matrix = confusionMatrix({ predictions: [0, 1, 1], labels: [0, 1, 0] }, { classes: ['cat', 'dog'] });
 * console.log(perClassAccuracy(matrix)[0]); // { name: 'cat', count: 2, accuracy: 0.5, precision: 1 }
 * ```
 */
export function perClassAccuracy({ classes, counts }: ConfusionMatrix): readonly ClassAccuracy[] {
  return classes.map((name, i) => {
    const count = sum(counts[i]!);
    const taken = sum(counts.map((row) => row[i]!));
    const right = counts[i]![i]!;
    return { name, count, accuracy: right / count, precision: right / taken };
  });
}

/**
 * The share of all examples that were taken for what they are, 0…1; NaN where there are none.
 *
 * @example
 * ```ts
 * import { confusionMatrix, overallAccuracy } from 'trainscope';
 *
 * const matrix = confusionMatrix({ predictions: [0, 1, 1], labels: [0, 1, 0] }, { classes: ['cat', 'dog'] });
 * console.log(overallAccuracy(matrix)); // 0.666…: two of three
 * ```
 */
export function overallAccuracy({ counts }: ConfusionMatrix): number {
  return sum(counts.map((row, i) => row[i]!)) / sum(counts.map(sum));
}

/** The confusion matrix of an event, where it has one: records of other programs may have anything there. */
export function confusionOf(record: object): ConfusionMatrix | undefined {
  const { confusion } = record as { readonly confusion?: Partial<ConfusionMatrix> | null };
  const { classes, counts } = confusion ?? {};
  if (!Array.isArray(classes) || !Array.isArray(counts) || classes.length !== counts.length) return undefined;
  if (!classes.every((name) => typeof name === 'string') || !counts.every((row) => isCounts(row, classes.length))) {
    return undefined;
  }
  return confusion as ConfusionMatrix;
}

/** @throws TypeError for what is no confusion matrix. */
export function checkConfusion(confusion: unknown): void {
  const isRight = confusion === undefined || confusionOf({ confusion }) !== undefined;
  checkThat('confusion', isRight, 'classes, and counts as confusionMatrix() gives them', confusion);
}

/** The index, from `start` on, of the first of the largest of `length` values. */
export function largestOf(values: ArrayLike<number>, start: number, length: number): number {
  let best = 0;
  for (let i = 1; i < length; i++) if (values[start + i]! > values[start + best]!) best = i;
  return best;
}

/** The class that each example was taken for. `threshold`: what a single score is compared with. */
function classesIn(values: ClassValues, threshold: number): ArrayLike<number> {
  if (!('shape' in values)) return values;
  const { data } = values;
  const width = widthOf(values);
  if (width > 1) return Array.from({ length: data.length / width }, (_, i) => largestOf(data, i * width, width));
  return isOneScore(values) ? Array.from(data, (score) => (score > threshold ? 1 : 0)) : data;
}

/** Labels are classes where there is one an example, whatever their shape, as of tokens in rows; else one-hot rows. */
function labelsIn(labels: ClassValues, examples: number): ArrayLike<number> {
  if (!('shape' in labels)) return labels;
  const { data } = labels;
  const width = widthOf(labels);
  if (data.length === examples || data.length !== examples * width) return data;
  return Array.from({ length: examples }, (_, i) => largestOf(data, i * width, width));
}

/** Whether each example has one score, and not a class: [examples, 1], and no integers. */
function isOneScore(values: ClassValues): boolean {
  return 'shape' in values && values.shape.length > 1 && widthOf(values) === 1 && !(values.data instanceof Int32Array);
}

/** Scores an example; 1 where each has a number. */
function widthOf(values: ClassValues): number {
  return 'shape' in values && values.shape.length > 1 ? values.shape.at(-1)! : 1;
}

function greatest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > most) most = values[i]!;
  return most;
}

function numbered(length: number): string[] {
  if (length <= MOST_CLASSES) return Array.from({ length: Math.ceil(length) }, (_, i) => String(i));
  throw new RangeError(`classes: expected at most ${MOST_CLASSES}, got a class ${length - 1}`);
}

function checkClass(what: string, value: number, classes: number): number {
  if (Number.isInteger(value) && value >= 0 && value < classes) return value;
  throw new RangeError(`${what}: expected whole numbers below ${classes}, one a class; got ${describeValue(value)}`);
}

function isCounts(row: unknown, length: number): boolean {
  return Array.isArray(row) && row.length === length && row.every((count) => Number.isFinite(count) && count >= 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
