import { map, type OperatorFunction } from 'rxjs';
import { checkFunction, checkOptions, describeValue } from '../events/index.js';
import {
  type AnyParameterUpdates,
  createParameterUpdates,
  dataOf,
  groupColumns,
  type HistogramSubject,
  layerOf,
  layersOf,
  type MagnitudeHistogram,
  mergeHistograms,
  type ParameterUpdates,
  requireColumn,
  requireUpdates,
  type Statistic,
  type StatisticColumns,
  statisticsOf,
} from '../parameters/index.js';
import { perSubscription } from './per-subscription.js';
import { whileSameNames } from './while-same-names.js';

/** Options of {@link groupByLayer}: which parameters make a layer. */
export interface GroupByLayerOptions {
  /** The layer of a parameter, by its name. Default: {@link layerOf}. */
  readonly layer?: (name: string) => string;
}

/** The statistics that a layer has: a ratio of means or deviations cannot be had from those of its parameters. */
export type LayerStatistic<S extends Statistic> = Exclude<S, 'meanAbsRatio' | 'stdRatio'>;

/** Is anything, unless `S` has `updateRatio` without the norms that a layer's ratio is made of. */
export type RatioNeedsNorms<S extends Statistic> = 'updateRatio' extends S
  ? 'updateNorm' | 'weightNorm' extends S
    ? unknown
    : {
        /** No field of any value: the text that the compiler shows where the updates lack a norm. */
        readonly error: 'updateRatio of a layer needs updateNorm and weightNorm';
      }
  : unknown;

/**
 * Turn the updates of parameters into those of layers: one name a layer, in the order in which they first come.
 *
 * ```text
 * updates   --(a/kernel:3 a/bias:4 b/kernel:1)-|
 * groupByLayer()
 *           --(a:5 b:1)------------------------|
 * ```
 *
 * Norms are those of all the layer's elements together (root of the sum of squares), `updateRatio` is the ratio of these
 * norms, `maxAbsUpdate` the largest, `unchanged` the share of the layer's elements, `nonFinite` their number; a NaN makes
 * its layer's NaN. Histograms are added up. `meanAbsRatio` and `stdRatio` are left out.
 *
 * Errors of the stream: TypeError when there is an `updateRatio` without the two norms, or `layer` gives no string; what
 * `layer` throws.
 *
 * @throws TypeError when `layer` is not a function.
 *
 * @example
 * ```ts
 * import { groupByLayer, observe, parameterUpdates } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$.pipe(parameterUpdates(), groupByLayer()).subscribe((layers) => {
 *   for (const { name, size, updateRatio } of layers) console.log(name, size, updateRatio);
 * });
 * ```
 */
export function groupByLayer<S extends Statistic>(
  options: GroupByLayerOptions = {},
): OperatorFunction<ParameterUpdates<S> & RatioNeedsNorms<S>, ParameterUpdates<LayerStatistic<S>>> {
  const { layer = layerOf } = checkOptions('groupByLayer', options, { layer: true });
  checkFunction('layer', layer, 'function name → string');
  return perSubscription(() => {
    const layersOfNames = whileSameNames((names) => {
      const layers = layersOf(names, checkedLayer(layer));
      return {
        names: Object.freeze(layers.map((each) => each.name)),
        members: layers.map((each) => each.members),
      };
    });
    return map((updates) => {
      requireUpdates(updates, 'groupByLayer()');
      const { names, members } = layersOfNames(updates.names);
      return createParameterUpdates<LayerStatistic<S>>({
        ...(dataOf(updates) as ReturnType<typeof dataOf<never>>),
        names,
        sizes: members.map((indices) => sum(indices, updates.sizes)),
        columns: groupColumns(updates, members, groupable(updates)) as StatisticColumns<LayerStatistic<S>>,
        histograms: groupHistograms(updates, members),
      });
    });
  });
}

/** @throws TypeError when it gives no string. */
function checkedLayer(layer: (name: string) => string): (name: string) => string {
  return (name) => {
    const given: unknown = layer(name);
    if (typeof given === 'string') return given;
    throw new TypeError(
      `layer: expected a function name → string; got ${describeValue(given)} for ${JSON.stringify(name)}`,
    );
  };
}

type Members = readonly (readonly number[])[];

/** @throws TypeError where there is a ratio without the norms that a layer's is made of. */
function groupable(updates: AnyParameterUpdates): readonly LayerStatistic<Statistic>[] {
  const statistics = statisticsOf(updates).filter(
    (statistic): statistic is LayerStatistic<Statistic> => statistic !== 'meanAbsRatio' && statistic !== 'stdRatio',
  );
  if (statistics.includes('updateRatio')) {
    for (const norm of ['weightNorm', 'updateNorm'] as const) requireColumn(updates, norm, 'groupByLayer()');
  }
  return statistics;
}

function groupHistograms(updates: AnyParameterUpdates, members: Members): AnyParameterUpdates['histograms'] {
  const entries = Object.entries(updates.histograms) as [HistogramSubject, readonly MagnitudeHistogram[]][];
  return Object.fromEntries(
    entries.map(([subject, list]) => [
      subject,
      members.map((indices) => mergeHistograms(indices.map((i) => list[i]!))),
    ]),
  );
}

function sum(indices: readonly number[], values: readonly number[]): number {
  return indices.reduce((total, i) => total + values[i]!, 0);
}
