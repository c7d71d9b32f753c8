import { type ClassAccuracy, type ConfusionMatrix, perClassAccuracy } from '../../events/index.js';
import { plain, shorten } from './format.js';

/** Classes that have a row at most; of more, those that are told worst. */
const MOST_ROWS = 12;
const LONGEST_NAME = 16;

/**
 * A confusion matrix as a small table, a row a class, with how well each is told. Where it is too wide or too long, the
 * classes that are told worst, and what each is most often taken for.
 */
export function confusionLines(matrix: ConfusionMatrix, width: number): string[] {
  const names = matrix.classes.map((name) => shorten(plain(name), LONGEST_NAME));
  const nameWidth = Math.max('class'.length, ...names.map(({ length }) => length));
  const cell = 1 + Math.max(...names.map(({ length }) => length), ...matrix.counts.flat().map((n) => String(n).length));
  const fits = names.length <= MOST_ROWS && 2 + nameWidth + names.length * cell + 10 <= width;
  return fits ? wholeTable(matrix, names, nameWidth, cell) : worstLines(matrix, names, nameWidth);
}

function wholeTable(
  { counts, ...matrix }: ConfusionMatrix,
  names: string[],
  nameWidth: number,
  cell: number,
): string[] {
  const accuracies = perClassAccuracy({ counts, ...matrix });
  const row = (name: string, cells: readonly string[], end: string) =>
    `  ${name.padEnd(nameWidth)}${cells.map((text) => text.padStart(cell)).join('')}${end.padStart(10)}`;
  return [
    row('class', names, 'accuracy'),
    ...names.map((name, i) => row(name, counts[i]!.map(String), percent(accuracies[i]!.accuracy))),
  ];
}

function worstLines(matrix: ConfusionMatrix, names: readonly string[], nameWidth: number): string[] {
  const classes = perClassAccuracy(matrix).map((accuracy, i) => ({ ...accuracy, i }));
  const worst = classes
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.accuracy - b.accuracy || a.i - b.i)
    .slice(0, MOST_ROWS);
  const lines = worst.map((each) => {
    const text = `  ${names[each.i]!.padEnd(nameWidth)}${percent(each.accuracy).padStart(10)} of ${each.count}`;
    return `${text}${mistaken(matrix, names, each)}`;
  });
  return lines.length < classes.length ? [...lines, `  … the worst of ${classes.length} classes`] : lines;
}

/** What the class is taken for most often, besides itself. */
function mistaken(
  { counts }: ConfusionMatrix,
  names: readonly string[],
  { i }: ClassAccuracy & { readonly i: number },
) {
  const others = counts[i]!.map((count, j) => (j === i ? 0 : count));
  const most = Math.max(...others);
  return most === 0 ? '' : `, ${most} taken for ${names[others.indexOf(most)]}`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`;
}
