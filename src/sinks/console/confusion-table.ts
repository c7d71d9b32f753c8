import { type ClassAccuracy, type ConfusionMatrix, confusionOf, perClassAccuracy, plain } from '../../events/index.js';
import { aligned } from './aligned.js';
import type { ConsoleTable } from './console-table.js';
import { shorten } from './format.js';

/** Classes that have a row at most; of more, those that are told worst. */
const MOST_ROWS = 12;
const LONGEST_NAME = 16;

/**
 * For the `tables` of {@link consoleSink}: the confusion matrix of an evaluation, a row a class, with how well each is
 * told. Where it is too wide or too long, the classes that are told worst, and what each is most often taken for.
 *
 * @example
 * ```ts
 * import { confusionTable, consoleSink, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.attach(run.events$, consoleSink({ tables: [confusionTable] }));
 * ```
 */
export const confusionTable: ConsoleTable = (record, width) => {
  const matrix = confusionOf(record);
  if (!matrix) return [];
  const names = matrix.classes.map((name) => shorten(plain(name), LONGEST_NAME));
  const classes = perClassAccuracy(matrix);
  if (names.length > MOST_ROWS) return worstClasses(matrix, names, classes);
  const whole = wholeMatrix(matrix, names, classes);
  return whole[0]!.length <= width ? whole : worstClasses(matrix, names, classes);
};

function wholeMatrix(
  { counts }: ConfusionMatrix,
  names: readonly string[],
  classes: readonly ClassAccuracy[],
): readonly string[] {
  const rows = classes.map(({ accuracy }, i) => [names[i]!, ...counts[i]!.map(String), percent(accuracy)]);
  return aligned([['class', ...names, 'accuracy'], ...rows]);
}

function worstClasses(
  { counts }: ConfusionMatrix,
  names: readonly string[],
  classes: readonly ClassAccuracy[],
): readonly string[] {
  const worst = [...classes.entries()]
    .filter(([, { count }]) => count > 0)
    .sort(([, a], [, b]) => a.accuracy - b.accuracy)
    .slice(0, MOST_ROWS);
  const rows = worst.map(([i, { accuracy, count }]) => {
    const others = counts[i]!.map((taken, j) => (j === i ? 0 : taken));
    const most = others.reduce((greatest, taken) => Math.max(greatest, taken), 0);
    const mistaken = most > 0 ? `${most} ${names[others.indexOf(most)]}` : '';
    return [names[i]!, percent(accuracy), String(count), mistaken];
  });
  const table = aligned([['class', 'accuracy', 'of', 'most taken for'], ...rows]);
  return worst.length < classes.length ? [...table, `… the worst of ${classes.length} classes`] : table;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`;
}
