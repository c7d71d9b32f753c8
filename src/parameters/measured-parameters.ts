import type { AnyParameterUpdates } from './parameter-updates.js';
import { requireColumn } from './require-column.js';
import type { Comparison, Measure, Statistic } from './statistics.js';
import type { Snapshot, StepParameters } from './step-parameters.js';

const WHERE = 'this run, in the process that trains';

/**
 * The handle on the parameters of an update of which another process sent the statistics: what it measured is to be had as
 * it was, and nothing else.
 */
export function measuredParameters(updates: AnyParameterUpdates): StepParameters {
  const { names, sizes } = updates;
  const before: Snapshot = { names, dispose() {} };
  return Object.freeze({
    names,
    sizes,
    shapes: sizes.map((size) => [size]),
    ids: names,
    snapshot: () => before,
    compare<S extends Statistic>(given: Snapshot, { statistics, histograms = [] }: Measure<S>): Comparison<S> {
      if (given !== before) {
        throw new TypeError(
          'before: expected the values right before this update, got others; another process has them, and sends what it found of each update only',
        );
      }
      const columns = statistics.map((statistic) => [statistic, requireColumn(updates, statistic, WHERE).slice()]);
      const counted = histograms.map((subject) => [subject, histogramsOf(updates, subject)]);
      return { columns: Object.fromEntries(columns), histograms: Object.fromEntries(counted) };
    },
  });
}

function histogramsOf({ histograms }: AnyParameterUpdates, subject: keyof AnyParameterUpdates['histograms']) {
  const list = histograms[subject];
  if (list) return list.map((histogram) => ({ ...histogram, counts: [...histogram.counts] }));
  throw new TypeError(
    `histograms: expected ${subject} for ${WHERE}, got only ${Object.keys(histograms).join(', ') || 'none'}; add ${JSON.stringify(subject)} to parameterUpdates({ histograms }) there`,
  );
}
