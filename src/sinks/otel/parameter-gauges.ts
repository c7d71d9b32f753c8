import type { Attributes } from '@opentelemetry/api';
import {
  type AnyParameterUpdates,
  columnOf,
  groupColumns,
  jointNorm,
  layerOf,
  sameNames,
} from '../../parameters/index.js';
import { type GaugeFrame, type GaugeMetric, type GaugeValues, once } from './gauge-frame.js';
import { groupIntoLayers, type Layers } from './layers.js';
import { followMovers } from './movers.js';
import { type GaugeStatistic, isLayerStatistic, type LayerStatistic, type Names } from './names.js';

/**
 * How much to tell of the parameters: every one of them; only the fastest and the slowest; only their layers; only
 * their norms all together. Each level has what the ones after it have.
 */
export type GaugeDetail = 'parameters' | 'movers' | 'layers' | 'totals';

export interface ParameterGaugeOptions {
  readonly names: Names;
  readonly statistics: readonly GaugeStatistic[];
  readonly detail: GaugeDetail | 'auto';
  readonly maxParameters: number;
  readonly movers: number;
}

/** Turns the updates of a step into frames: parameters, layers, and all together. */
export interface ParameterGauges {
  frames(updates: AnyParameterUpdates, base: Attributes): GaugeFrame[];
  /** The attributes for what is counted by parameter: the parameter's, or where there are too many the layer's. */
  attributesOf(updates: AnyParameterUpdates, base: Attributes, index: number): Attributes;
  /** What `auto` has come to for parameters of these names. */
  detailOf(updates: AnyParameterUpdates): GaugeDetail;
}

export function parameterGauges(options: ParameterGaugeOptions): ParameterGauges {
  let plan: Plan | undefined;
  const planOf = (updates: AnyParameterUpdates, base: Attributes): Plan => {
    plan = plan?.fits(updates, base) ? plan : new Plan(options, updates, base);
    return plan;
  };
  const detailOf = ({ names }: AnyParameterUpdates): GaugeDetail => {
    if (options.detail !== 'auto') return options.detail;
    return names.length <= options.maxParameters ? 'parameters' : 'movers';
  };
  return {
    detailOf,
    frames(updates, base) {
      const detail = detailOf(updates);
      const { totals, layers, parameters, movers } = planOf(updates, base);
      if (detail === 'totals') return [totals(updates)];
      if (detail === 'layers') return [totals(updates), layers(updates)];
      return [totals(updates), layers(updates), detail === 'movers' ? movers(updates) : parameters(updates)];
    },
    attributesOf(updates, base, index) {
      const { parameterRow, layerRowOf } = planOf(updates, base);
      return updates.names.length <= options.maxParameters ? parameterRow(index) : layerRowOf(index);
    },
  };
}

const TOTALS = ['gradientNorm', 'updateNorm', 'weightNorm'] as const;

/** What can be known of a set of parameters once and for all: their series, and their layers. */
class Plan {
  readonly #names: readonly string[];
  readonly #base: Attributes;
  readonly #options: ParameterGaugeOptions;
  readonly #statistics: readonly GaugeStatistic[];
  readonly #layerStatistics: readonly LayerStatistic[];
  readonly #parameterMetrics: readonly GaugeMetric[];
  readonly #layerMetrics: readonly GaugeMetric[];
  readonly #rows: Attributes[] = [];
  readonly #parameterRows = once(() => this.#names.map((_, index) => this.parameterRow(index)));
  readonly #layers: () => Layers;
  readonly #layerRows: () => readonly Attributes[];
  readonly #follow: (speeds: Float64Array) => number[];

  constructor(options: ParameterGaugeOptions, updates: AnyParameterUpdates, base: Attributes) {
    const { names, statistics, maxParameters } = options;
    this.#options = options;
    this.#names = updates.names;
    this.#base = base;
    this.#statistics = statistics.filter((statistic) => columnOf(updates, statistic));
    // A layer's ratio is that of its norms, so it needs both.
    const hasNorms = columnOf(updates, 'updateNorm') && columnOf(updates, 'weightNorm');
    this.#layerStatistics = this.#statistics
      .filter(isLayerStatistic)
      .filter((statistic) => statistic !== 'updateRatio' || hasNorms);
    this.#parameterMetrics = this.#statistics.map((statistic) => names.ofParameter[statistic]);
    this.#layerMetrics = this.#layerStatistics.map((statistic) => names.ofLayer[statistic]);
    this.#layers = once(() => groupIntoLayers(updates.names, maxParameters));
    this.#layerRows = once(() => this.#layers().names.map((layer) => ({ ...base, [names.attributes.layer]: layer })));
    this.#follow = followMovers(options.movers);
  }

  fits({ names }: AnyParameterUpdates, base: Attributes): boolean {
    return base === this.#base && sameNames(names, this.#names);
  }

  readonly parameterRow = (index: number): Attributes => {
    const { parameter, layer } = this.#options.names.attributes;
    const name = this.#names[index]!;
    this.#rows[index] ??= { ...this.#base, [parameter]: name, [layer]: layerOf(name) };
    return this.#rows[index];
  };

  readonly layerRowOf = (index: number): Attributes => this.#layerRows()[this.#layers().of[index]!]!;

  readonly parameters = (updates: AnyParameterUpdates): GaugeFrame =>
    this.#frame('parameters', updates, this.#parameterMetrics, this.#names.length, () => ({
      rows: this.#parameterRows(),
      columns: this.#statistics.map((statistic) => columnOf(updates, statistic)!),
    }));

  readonly movers = (updates: AnyParameterUpdates): GaugeFrame => {
    const rows = Math.min(2 * this.#options.movers, this.#names.length);
    return this.#frame('parameters', updates, this.#parameterMetrics, rows, () => {
      const speeds = columnOf(updates, 'updateRatio') ?? columnOf(updates, 'updateNorm');
      const indices = speeds ? this.#follow(speeds) : [];
      return {
        rows: indices.map(this.parameterRow),
        columns: this.#statistics.map((statistic) => indices.map((i) => columnOf(updates, statistic)![i]!)),
      };
    });
  };

  readonly layers = (updates: AnyParameterUpdates): GaugeFrame =>
    this.#frame('layers', updates, this.#layerMetrics, this.#layers().names.length, () => ({
      rows: this.#layerRows(),
      columns: this.#layerColumns(updates),
    }));

  readonly totals = (updates: AnyParameterUpdates): GaugeFrame => {
    const statistics = TOTALS.filter((statistic) => columnOf(updates, statistic));
    const metrics = statistics.map((statistic) => this.#options.names[statistic]);
    return this.#frame('totals', updates, metrics, 1, () => ({
      rows: [this.#base],
      columns: statistics.map((statistic) => [jointNorm(columnOf(updates, statistic)!)]),
    }));
  };

  #layerColumns(updates: AnyParameterUpdates): readonly Float64Array[] {
    const columns = groupColumns(updates, this.#layers().members, this.#layerStatistics);
    return this.#layerStatistics.map((statistic) => columns[statistic]);
  }

  #frame(
    group: string,
    { time }: AnyParameterUpdates,
    metrics: readonly GaugeMetric[],
    rows: number,
    values: () => GaugeValues,
  ): GaugeFrame {
    return { group, time, metrics, points: rows * metrics.length, values: once(values) };
  }
}
