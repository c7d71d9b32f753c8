import { type AnyParameterUpdates, columnOf, STATISTICS, type Statistic } from '../../parameters/index.js';

/** What all rows of a step have in common. */
export type StepContext = Pick<
  AnyParameterUpdates,
  'run' | 'step' | 'epoch' | 'time' | 'loss' | 'lossShown' | 'learningRate' | 'names' | 'sizes'
>;

/** The rows of a step, or of some of its parameters: those from `begin` to `end`. */
export interface StepRows {
  readonly context: StepContext;
  readonly begin: number;
  readonly end: number;
  /** What was measured of those parameters: copies, since rows wait until there are enough. */
  readonly columns: { readonly [S in Statistic]?: Float64Array };
}

/** The rows of a step, in pieces of at most `limit`. */
export function* stepRows(updates: AnyParameterUpdates, limit: number): Generator<StepRows> {
  const { run, step, epoch, time, loss, lossShown, learningRate, names, sizes } = updates;
  const shown = lossShown === false ? { loss, lossShown } : { loss };
  const context = { run, step, epoch, time, ...shown, learningRate, names, sizes };
  for (let begin = 0; begin < names.length; begin += limit) {
    const end = Math.min(names.length, begin + limit);
    yield { context, begin, end, columns: columnsOf(updates, begin, end) };
  }
}

function columnsOf(updates: AnyParameterUpdates, begin: number, end: number): StepRows['columns'] {
  const measured = STATISTICS.flatMap((statistic) => {
    const column = columnOf(updates, statistic);
    return column ? [[statistic, column.slice(begin, end)] as const] : [];
  });
  return Object.fromEntries(measured);
}
