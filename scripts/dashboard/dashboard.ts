import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import {
  bands,
  bucketsHeatmap,
  DATASOURCE,
  decadesHeatmap,
  linePanel,
  logLinePanel,
  moversTable,
  numberPanel,
  OF_WORKER,
  ratioBands,
  ratioPanel,
} from './panels.js';
import { ALERT_STEP, QUERIES } from './queries.js';

const BAND = 'Near 1e-3 a parameter learns; below 1e-4 it hardly moves, above 1e-2 it jumps about.';

/** Is it learning, and how: for Grafana, over metrics of `otelSink` in any Prometheus. */
export function trainscopeDashboard(): Dashboard {
  const builder = new DashboardBuilder('trainscope')
    .uid('trainscope')
    .description('Training runs under observation: loss, and how far every layer and parameter moves.')
    .tags(['trainscope', 'machine-learning'])
    .time({ from: 'now-15m', to: 'now' })
    .refresh('5s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
      choice('run', 'Run', QUERIES.runs),
      choice('rank', 'Rank', QUERIES.ranks),
      choice('parameter', 'Parameter', QUERIES.parameters),
    ])
    .annotation(alerts());
  for (const { title, panels } of [learning(), moving(), parameters(), working()]) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return numbered(builder.build());
}

/** A row of the page, and the panels below it. */
interface Section {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

function learning(): Section {
  return {
    title: 'Is it learning?',
    panels: [
      numberPanel({ title: 'Step', description: 'Optimizer updates done.', width: 4 }, QUERIES.lastStep, 'none'),
      numberPanel(
        { title: 'Epoch', description: 'Epochs done, with the fraction.', width: 4 },
        QUERIES.lastEpoch,
        'none',
      ).decimals(2),
      numberPanel({ title: 'Loss', description: 'Of the last step.', width: 4 }, QUERIES.lastLoss, 'none').decimals(4),
      numberPanel({ title: 'Learning rate', description: 'Of the last step.', width: 4 }, QUERIES.lastRate, 'sci'),
      numberPanel(
        { title: 'Update ratio', description: `Of all parameters together. ${BAND}`, width: 4 },
        QUERIES.lastRatio,
        'sci',
      )
        .decimals(1)
        .thresholds(ratioBands()),
      numberPanel({ title: 'Alerts', description: 'That began since the run did.', width: 4 }, QUERIES.alerts, 'none')
        .noValue('0')
        .thresholds(
          bands([
            [null, 'green'],
            [1, 'red'],
          ]),
        ),
      linePanel({ title: 'Loss', description: 'Of each step that was seen.', width: 12 }, 'none', [
        [QUERIES.loss, OF_WORKER],
      ]),
      linePanel({ title: 'Learning rate', description: 'As the optimizer used it.', width: 6 }, 'sci', [
        [QUERIES.learningRate, OF_WORKER],
      ]),
      linePanel({ title: 'Evaluation', description: 'The metrics of each evaluation.', width: 6 }, 'none', [
        [QUERIES.evaluation, `${OF_WORKER} {{ml_metric_name}}`],
      ]),
    ],
  };
}

function moving(): Section {
  const layer = '{{ml_parameter_layer}}';
  return {
    title: 'How far does it move?',
    panels: [
      decadesHeatmap(
        {
          title: 'Update ratio of every layer',
          description: `The decade: −3 is 1e-3. ${BAND} Yellow is healthy, blue hardly moves, red is too fast.`,
          width: 12,
        },
        [QUERIES.layerRatioDecades, layer],
      ),
      bucketsHeatmap(
        {
          title: 'Update ratios, all parameters at every step',
          description: `How many parameters are in each decade. A histogram: a spike between two scrapes is in it. ${BAND}`,
          width: 12,
        },
        [QUERIES.ratioDistribution, '{{le}}'],
      ),
      ratioPanel({ title: 'Update ratio by layer', description: `${BAND} Green is the healthy band.`, width: 12 }, [
        QUERIES.layerRatio,
        `${OF_WORKER} ${layer}`,
      ]),
      logLinePanel({ title: 'Global norms', description: 'L2 norms of all parameters together.', width: 12 }, 'sci', [
        [QUERIES.gradientNorm, `${OF_WORKER} gradient`],
        [QUERIES.updateNorm, `${OF_WORKER} update`],
        [QUERIES.weightNorm, `${OF_WORKER} weights`],
      ]),
      moversTable(
        { title: 'Fastest movers', description: `The ten largest update ratios. ${BAND}`, width: 12 },
        QUERIES.fastest,
        true,
      ),
      moversTable(
        {
          title: 'Slowest movers',
          description: `The ten smallest update ratios: 0 is dead or frozen. ${BAND}`,
          width: 12,
        },
        QUERIES.slowest,
        false,
      ),
    ],
  };
}

function parameters(): Section {
  const legend = `${OF_WORKER} {{ml_parameter_name}}`;
  return {
    title: 'Parameters: $parameter',
    panels: [
      ratioPanel({ title: 'Update ratio', description: `‖Δw‖ / ‖w‖. ${BAND}`, width: 8 }, [
        QUERIES.parameterRatio,
        legend,
      ]),
      logLinePanel({ title: 'Update norm', description: '‖Δw‖ of the last update.', width: 8 }, 'sci', [
        [QUERIES.parameterUpdateNorm, legend],
      ]),
      logLinePanel({ title: 'Weight norm', description: '‖w‖ before the last update.', width: 8 }, 'sci', [
        [QUERIES.parameterNorm, legend],
      ]),
    ],
  };
}

function working(): Section {
  return {
    title: 'Throughput and troubles',
    panels: [
      linePanel({ title: 'Throughput', description: 'Steps and examples a second.', width: 8 }, 'none', [
        [QUERIES.stepRate, `${OF_WORKER} steps/s`],
        [QUERIES.exampleRate, `${OF_WORKER} examples/s`],
      ]),
      linePanel(
        { title: 'Step duration', description: 'From a histogram of every step.', width: 8 },
        's',
        [0.5, 0.95, 0.99].map(
          (quantile) => [QUERIES.stepDuration(quantile), `${OF_WORKER} p${quantile * 100}`] as const,
        ),
      ),
      linePanel(
        { title: 'Troubles', description: 'Alerts that began, and points of telemetry that were lost.', width: 8 },
        'none',
        [
          [QUERIES.alertsByRule, `${OF_WORKER} {{ml_alert_rule}}`],
          [QUERIES.pointsDropped, `${OF_WORKER} points lost ({{ml_telemetry_reason}})`],
        ],
      ),
    ],
  };
}

/** A choice of one, several or all of a label's values. */
function choice(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: `variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'], selected: true });
}

/** A mark in every panel where an alert began. */
function alerts(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Alerts')
    .datasource(DATASOURCE)
    .enable(true)
    .hide(false)
    .iconColor('red')
    .expr(QUERIES.alertsRisen)
    .step(ALERT_STEP)
    .titleFormat('{{ml_alert_rule}}')
    .textFormat(`${OF_WORKER}: {{ml_alert_severity}}`)
    .tagKeys('ml_alert_severity')
    .target(
      new DataqueryBuilder()
        .refId('Alerts')
        .datasource(DATASOURCE)
        .expr(QUERIES.alertsRisen)
        .interval(ALERT_STEP)
        .range(),
    );
}

/** Grafana wants an id a panel, and the builders leave them out. */
function numbered(dashboard: Dashboard): Dashboard {
  let id = 0;
  for (const panel of dashboard.panels ?? []) panel.id = ++id;
  return dashboard;
}
