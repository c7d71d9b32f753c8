import type { RunHistory } from '../../history/run-history.js';
import { indexIn } from '../parts/index-in.js';
import { lineLook } from '../parts/palette.js';
import type { View } from './view.js';

const AT_FIRST = 4;
/** Chosen parameters that are drawn at most: more lines than that hide each other, and the address has to hold all. */
export const MOST_CHOSEN = 200;

export interface ChosenParameter {
  readonly name: string;
  readonly color: string;
  readonly dash?: readonly number[];
}

/** The parameters whose norms are shown: until the person chooses the largest, in the order of the model. */
export function chosenNames({ choices }: View, run: RunHistory): readonly string[] {
  if (choices.parameters) return choices.parameters;
  const { parameters, sizes } = run.rows.value;
  const largest = parameters.map((_, row) => row).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  return largest
    .slice(0, AT_FIRST)
    .sort((a, b) => a - b)
    .map((row) => parameters[row]!);
}

/** Chosen and present in a run, each with its look; colours come round again, then with dashes. */
export function chosenParameters(view: View, run: RunHistory): readonly ChosenParameter[] {
  const lists = [run.rows.value.parameters, view.named.namesOf(run)];
  return chosenNames(view, run).flatMap((name, i) =>
    lists.some((names) => indexIn(names, name) >= 0) ? [{ name, ...lineLook(view.theme, i + 1) }] : [],
  );
}
