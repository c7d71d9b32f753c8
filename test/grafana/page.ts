import type {
  AnnotationQuery,
  Dashboard,
  FieldConfig,
  Panel,
  RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** A dashboard as JSON, with every panel as strict as its kind: Grafana's own type leaves options open. */
export interface Page extends Omit<Dashboard, 'panels' | 'annotations'> {
  readonly panels: readonly (Row | AnyPanel)[];
  readonly annotations: { readonly list: readonly Annotation[] };
}

export type AnyPanel =
  | PanelOf<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | PanelOf<'stat', stat.Options, undefined>
  | PanelOf<'table', table.Options, table.FieldConfig>
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>;

/** An open row holds no panels itself: they come after it. */
export interface Row extends Omit<RowPanel, 'panels'> {
  readonly type: 'row';
  readonly collapsed: false;
  readonly panels: readonly never[];
}

interface PanelOf<Type extends string, Options, Custom>
  extends Omit<Panel, 'type' | 'id' | 'options' | 'targets' | 'fieldConfig'> {
  readonly type: Type;
  readonly id: number;
  readonly options: Options;
  readonly targets: readonly Question[];
  readonly fieldConfig: {
    readonly defaults: Omit<FieldConfig, 'custom'> & { readonly custom?: Custom };
    readonly overrides: NonNullable<Panel['fieldConfig']>['overrides'];
  };
}

export type Question = Omit<Dataquery, '_implementsDataqueryVariant' | 'refId'> & { readonly refId: string };

interface Annotation extends Omit<AnnotationQuery, 'target'> {
  readonly target: Question;
}
