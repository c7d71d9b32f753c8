import { type AnyParameterUpdates, createParameterUpdates, type ParameterUpdates } from './parameter-updates.js';
import type { JoinedSums } from './rank-sums.js';
import type { Statistic } from './statistics.js';
import { statisticsIn, statisticsOfSums } from './statistics-of-sums.js';

/** What the end of a step says that its measurement says too. */
export type StepOfUpdates = Pick<
  AnyParameterUpdates,
  'run' | 'step' | 'epoch' | 'time' | 'loss' | 'lossShown' | 'learningRate'
> & { readonly maxSteps?: number | undefined };

/** What was measured of a step. */
export type Measurement<S extends Statistic> = Pick<
  ParameterUpdates<S>,
  'names' | 'sizes' | 'columns' | 'histograms'
> & { readonly coverage?: number | undefined };

/** Of a step that was updated and never ended. */
export const NO_END = { loss: Number.NaN, lossShown: false, learningRate: Number.NaN } as const;

/** The measurement of a step, with what its end says. */
export function updatesOfStep<S extends Statistic>(
  { run, step, epoch, time, loss, lossShown, learningRate, maxSteps }: StepOfUpdates,
  { names, sizes, columns, histograms, coverage }: Measurement<S>,
): ParameterUpdates<S> {
  return createParameterUpdates<S>({
    run,
    step,
    epoch,
    time,
    loss,
    ...(lossShown === false && { lossShown }),
    learningRate,
    ...(maxSteps !== undefined && { maxSteps }),
    ...(coverage !== undefined && coverage < 1 && { coverage }),
    names,
    sizes,
    columns,
    histograms,
  });
}

/** What ranks found together, as all statistics that their sums have the parts for. */
export function measurementOfSums({ names, sizes, sums, coverage }: JoinedSums): Measurement<never> {
  const columns: AnyParameterUpdates['columns'] = statisticsOfSums(sums, statisticsIn(sums));
  return { names, sizes, coverage, columns, histograms: sums.histograms ?? {} };
}
