import type { ConfusionMatrix, EventContext } from '../../events/index.js';

/** The latest confusion matrix of a run, with as many classes as a page has room for. */
export interface ShownConfusion extends Pick<EventContext, 'step' | 'epoch'> {
  readonly counts: ConfusionMatrix['counts'];
  /** Of each class that is shown: its examples, and those that were taken for it, of all classes. */
  readonly classes: readonly { readonly name: string; readonly count: number; readonly taken: number }[];
  /** Classes that are not shown. */
  readonly hidden: number;
}

/** Classes shown at most: of more, those with the most mistakes, in their order. */
export const CLASSES_SHOWN = 40;

export function shownConfusion(
  { step, epoch }: Pick<EventContext, 'step' | 'epoch'>,
  matrix: ConfusionMatrix,
): ShownConfusion {
  const { classes, counts } = matrix;
  const shown = classesToShow(matrix);
  return {
    step,
    epoch,
    counts: shown.map((i) => shown.map((j) => counts[i]![j]!)),
    classes: shown.map((i) => ({
      name: classes[i]!,
      count: sum(counts[i]!),
      taken: sum(counts.map((row) => row[i]!)),
    })),
    hidden: classes.length - shown.length,
  };
}

function classesToShow({ counts }: ConfusionMatrix): readonly number[] {
  const indices = counts.map((_, i) => i);
  if (counts.length <= CLASSES_SHOWN) return indices;
  const mistakes = counts.map(() => 0);
  for (const [i, row] of counts.entries()) {
    for (const [j, count] of row.entries()) {
      if (i === j) continue;
      mistakes[i]! += count;
      mistakes[j]! += count;
    }
  }
  return indices
    .sort((a, b) => mistakes[b]! - mistakes[a]! || a - b)
    .slice(0, CLASSES_SHOWN)
    .sort((a, b) => a - b);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
