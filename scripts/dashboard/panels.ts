import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** Whichever Prometheus the person has chosen. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** Which run and worker a line is of. */
export const OF_WORKER = '{{ml_run_id}}/{{ml_worker_rank}}';

/** Where an update ratio is healthy: below it a parameter hardly moves, above it jumps about. */
export const HEALTHY = { from: 1e-4, to: 1e-2, tooFast: 1e-1 } as const;

const FULL_WIDTH = 24;

interface Place {
  readonly title: string;
  readonly description: string;
  /** Of a page that is 24 wide. */
  readonly width: number;
}

/** A question, and what its lines are called. */
export type Question = readonly [expr: string, legend: string];

/** One number, large: the last one of each run and worker. */
export function numberPanel({ title, description, width }: Place, expr: string, unit: string): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .title(title)
    .description(description)
    .span(width)
    .height(4)
    .datasource(DATASOURCE)
    .unit(unit)
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(plain())
    .withTarget(question('A', [expr, OF_WORKER]).instant());
}

export function linePanel(place: Place, unit: string, questions: readonly Question[]): timeseries.PanelBuilder {
  const panel = new timeseries.PanelBuilder()
    .title(place.title)
    .description(place.description)
    .span(place.width)
    .height(9)
    .datasource(DATASOURCE)
    .unit(unit)
    .lineWidth(1)
    .fillOpacity(0)
    .showPoints(common.VisibilityMode.Auto)
    .thresholds(plain())
    .legend(legend(place.width === FULL_WIDTH ? common.LegendPlacement.Right : common.LegendPlacement.Bottom))
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending)
        .maxHeight(400),
    );
  questions.forEach((asked, i) => {
    panel.withTarget(question(String.fromCharCode(65 + i), asked).range());
  });
  return panel;
}

/** Norms and ratios go over decades. */
export function logLinePanel(place: Place, unit: string, questions: readonly Question[]): timeseries.PanelBuilder {
  return linePanel(place, unit, questions).scaleDistribution(
    new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10),
  );
}

/** Update ratios over time, with the healthy band behind them. */
export function ratioPanel(place: Place, asked: Question): timeseries.PanelBuilder {
  return logLinePanel(place, 'sci', [asked])
    .thresholds(ratioBands())
    .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Area));
}

/** Layers over time: red moves too fast, blue hardly moves, the pale middle is the healthy band around 1e-3. */
export function decadesHeatmap(place: Place, asked: Question): heatmap.PanelBuilder {
  return heatmapPanel(place)
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('RdYlBu')
        .reverse(true)
        .scale(heatmap.HeatmapColorScale.Linear)
        .exponent(0.5)
        .fill('dark-orange')
        .steps(128)
        .min(-6)
        .max(0),
    )
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().value('log10 of the update ratio'))
    .cellValues(new heatmap.CellValuesBuilder().decimals(2))
    .withTarget(question('A', asked).range());
}

/** The buckets of a histogram over time. */
export function bucketsHeatmap(place: Place, asked: Question): heatmap.PanelBuilder {
  return heatmapPanel(place)
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('Viridis')
        .reverse(false)
        .scale(heatmap.HeatmapColorScale.Exponential)
        .exponent(0.5)
        .fill('dark-orange')
        .steps(64),
    )
    .filterValues(new heatmap.FilterValueRangeBuilder().le(1e-9))
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Le).value('parameters'))
    .yAxis(new heatmap.YAxisConfigBuilder().unit('sci').axisPlacement(common.AxisPlacement.Left).reverse(false))
    .withTarget(question('A', asked).range().format(prometheus.PromQueryFormat.Heatmap));
}

/** Parameters by their update ratio, coloured by its band. */
export function moversTable(place: Place, expr: string, fastestFirst: boolean): table.PanelBuilder {
  const shown = ['ml_run_id', 'ml_worker_rank', 'ml_parameter_name', 'Value'];
  return new table.PanelBuilder()
    .title(place.title)
    .description(place.description)
    .span(place.width)
    .height(9)
    .datasource(DATASOURCE)
    .thresholds(ratioBands())
    .withTarget(question('A', [expr, '']).instant().format(prometheus.PromQueryFormat.Table))
    .withTransformation({ id: 'filterFieldsByName', options: { include: { names: shown } } })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: { ml_parameter_name: 0, Value: 1, ml_run_id: 2, ml_worker_rank: 3 },
        renameByName: {
          ml_parameter_name: 'parameter',
          Value: 'update ratio',
          ml_run_id: 'run',
          ml_worker_rank: 'rank',
        },
      },
    })
    .overrideByName('update ratio', [
      { id: 'unit', value: 'sci' },
      { id: 'decimals', value: 2 },
      { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
      { id: 'custom.width', value: 130 },
    ])
    .sortBy([new common.TableSortByFieldStateBuilder().displayName('update ratio').desc(fastestFirst)]);
}

/** Below the healthy band, in it, above it, far above it. */
export function ratioBands(): dashboard.ThresholdsConfigBuilder {
  return bands([
    [null, 'blue'],
    [HEALTHY.from, 'green'],
    [HEALTHY.to, 'orange'],
    [HEALTHY.tooFast, 'red'],
  ]);
}

export function bands(steps: readonly (readonly [from: number | null, color: string])[]) {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

const plain = () => bands([[null, 'text']]);

function heatmapPanel({ title, description, width }: Place): heatmap.PanelBuilder {
  return new heatmap.PanelBuilder()
    .title(title)
    .description(description)
    .span(width)
    .height(10)
    .datasource(DATASOURCE)
    .calculate(false)
    .cellGap(1)
    .showValue(common.VisibilityMode.Never)
    .showLegend()
    .tooltip(
      new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(false).showColorScale(true),
    );
}

function question(refId: string, [expr, legendFormat]: Question): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(expr)
    .legendFormat(legendFormat);
}

function legend(placement: common.LegendPlacement): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(placement)
    .calcs([]);
}
