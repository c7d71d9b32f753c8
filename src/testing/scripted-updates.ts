import { checkOptions, withoutUndefined } from '../events/index.js';
import {
  createParameterUpdates,
  type ParameterUpdates,
  type Statistic,
  type StatisticColumns,
} from '../parameters/index.js';

/** The fields that may be given; the others are those of the first step of a run called `test`. */
export type ScriptedUpdatesFields<S extends Statistic> = Partial<
  Pick<
    ParameterUpdates<S>,
    'run' | 'names' | 'sizes' | 'step' | 'epoch' | 'time' | 'loss' | 'learningRate' | 'maxSteps' | 'histograms'
  >
>;

/**
 * One step's parameter updates by hand: a list of numbers a statistic, one number a parameter.
 *
 * @example
 * ```ts
 * import { scriptedUpdates } from 'trainscope/testing';
 *
 * const updates = scriptedUpdates({ updateNorm: [0.1, 0.2] }, { names: ['w', 'b'], step: 7 });
 * console.log(updates.of('b').updateNorm); // 0.2
 * ```
 */
export function scriptedUpdates<S extends Statistic>(
  columns: Readonly<Record<S, readonly number[]>>,
  fields: ScriptedUpdatesFields<S> = {},
): ParameterUpdates<S> {
  checkOptions('scriptedUpdates', fields, {
    names: true,
    sizes: true,
    run: true,
    step: true,
    epoch: true,
    time: true,
    loss: true,
    learningRate: true,
    maxSteps: true,
    histograms: true,
  });
  const lists = Object.entries(columns) as [S, readonly number[]][];
  const count = fields.names?.length ?? lists[0]?.[1].length ?? 0;
  const names = fields.names ?? Array.from({ length: count }, (_, i) => `p${i}`);
  return createParameterUpdates<S>({
    run: 'test',
    step: 1,
    epoch: 0,
    time: 0,
    loss: 0.5,
    learningRate: 0.1,
    names,
    sizes: names.map(() => 1),
    columns: Object.fromEntries(
      lists.map(([statistic, list]) => [statistic, Float64Array.from(list)]),
    ) as unknown as StatisticColumns<S>,
    histograms: {},
    ...withoutUndefined(fields),
  });
}
