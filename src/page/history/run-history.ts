import type { Config, ModelSummary, RunEnd } from '../../events/index.js';
import { type HistogramChanges, HistogramHistory } from './histogram-history.js';
import { type HistoryLimits, RUN_LIMITS } from './history-limits.js';
import { type LatestUpdates, type PackedUpdates, packUpdates, unpackUpdates } from './latest-updates.js';
import { type Mark, type MarkChanges, Marks } from './marks.js';
import { ParameterTable, type TableChanges } from './parameter-table.js';
import { type ClockChanges, type Moment, RunClock } from './run-clock.js';
import { type ScalarChanges, ScalarSeries } from './scalar-series.js';
import type { ShownConfusion } from './shown-confusion.js';
import type { ShownValues } from './shown-values.js';
import { Versioned } from './versioned.js';

/** Where a run stands. */
export interface RunState {
  readonly phase: 'waiting' | 'running' | 'finished';
  readonly step: number;
  readonly epoch: number;
  /** Of the first and the latest record, milliseconds since 1970; 0 before the first. */
  readonly beganAt: number;
  readonly time: number;
  readonly maxSteps?: number;
  readonly numEpochs?: number;
  /** How it ended, where its last record says that. */
  readonly end?: RunEnd | undefined;
}

/** Whether a run is heard of: its file is still being read, something came lately, or nothing for long. */
export type Presence = 'reading' | 'heard' | 'silent';

/** The rows of the tables. */
export interface Rows {
  /** Parameters, or layers where there are too many parameters to show one by one. */
  readonly parameters: readonly string[];
  /** Elements of each. */
  readonly sizes: readonly number[];
  readonly layers: readonly string[];
  /** Parameters of the model, and its elements. */
  readonly parameterCount: number;
  readonly elementCount: number;
  /** Whether `parameters` are layers. */
  readonly byLayer: boolean;
  /** Rows that did not fit. */
  readonly hidden: number;
}

/** What changed in a run between two versions. What is left out did not change. */
export interface RunChanges {
  readonly name: string;
  readonly state?: RunState;
  readonly presence?: Presence;
  readonly rows?: Rows;
  readonly clock?: ClockChanges;
  readonly series: readonly (readonly [name: string, changes: ScalarChanges])[];
  readonly parameters?: TableChanges;
  readonly layers?: TableChanges;
  /** Null, here and below, where it was taken away. */
  readonly latest?: PackedUpdates | null;
  readonly histograms?: HistogramChanges;
  readonly activationLayers?: readonly string[];
  readonly activations?: HistogramChanges;
  readonly observing?: Readonly<Record<string, number>>;
  /** Its hyperparameters. */
  readonly settings?: Config;
  readonly model?: ModelSummary;
  readonly confusion?: ShownConfusion | null;
  readonly values?: ShownValues | null;
  readonly marks?: MarkChanges;
  /** What was left out, by what it was, with how many times. */
  readonly omitted?: Readonly<Record<string, number>>;
}

/** What went, beyond what was superseded. */
export interface Superseded {
  readonly steps: number;
  readonly marks: readonly Mark[];
}

/** A series as it is drawn. */
export type ShownSeries = Pick<ScalarSeries, 'buckets' | 'width'>;

/** What is drawn of a run over the steps. */
export interface ShownHistory {
  readonly series: { get(name: string): ShownSeries | undefined };
  readonly parameters: ParameterTable;
  readonly layers: ParameterTable;
}

const NO_ROWS: Rows = {
  parameters: [],
  sizes: [],
  layers: [],
  parameterCount: 0,
  elementCount: 0,
  byLayer: false,
  hidden: 0,
};

/**
 * What the page shows of one run, in bounded memory whatever the run's length. `changesSince` says what another history
 * of the same run, that followed it up to a version, has to `apply` to be equal to it.
 */
export class RunHistory {
  readonly state = new Versioned<RunState>({ phase: 'waiting', step: 0, epoch: 0, beganAt: 0, time: 0 });
  readonly presence = new Versioned<Presence>('heard');
  readonly rows = new Versioned<Rows>(NO_ROWS);
  readonly clock = new RunClock();
  readonly series = new Map<string, ScalarSeries>();
  readonly parameters: ParameterTable;
  readonly layers: ParameterTable;
  readonly latest = new Versioned<LatestUpdates | undefined>(undefined);
  /** Of the rows of `parameters`. */
  readonly histograms = new HistogramHistory();
  readonly activationLayers = new Versioned<readonly string[]>([]);
  /** Of what these layers give. */
  readonly activations = new HistogramHistory();
  /** Whose part of the time that observing takes is how much, the greatest first; where the source knows it. */
  readonly observing = new Versioned<Readonly<Record<string, number>> | undefined>(undefined);
  /** Its hyperparameters, where the source tells them. */
  readonly settings = new Versioned<Config | undefined>(undefined);
  readonly model = new Versioned<ModelSummary | undefined>(undefined);
  readonly confusion = new Versioned<ShownConfusion | undefined>(undefined);
  readonly values = new Versioned<ShownValues | undefined>(undefined);
  readonly marks = new Marks();
  readonly omitted = new Versioned<Readonly<Record<string, number>>>({});

  /** What is known closer of the steps that are zoomed into. */
  closer: ShownHistory | undefined;

  constructor(
    readonly name: string,
    private readonly limits: HistoryLimits = RUN_LIMITS,
  ) {
    const { table } = limits;
    this.parameters = new ParameterTable(['updateRatio', 'updateNorm', 'weightNorm', 'gradientNorm'], table);
    this.layers = new ParameterTable(['updateRatio'], table);
  }

  get shown(): ShownHistory {
    return this.closer ?? this;
  }

  seriesOf(name: string): ScalarSeries {
    let series = this.series.get(name);
    if (!series) {
      series = new ScalarSeries(this.limits.series);
      this.series.set(name, series);
    }
    return series;
  }

  /** The run may go back to this step, which is its last: what there is up to it is kept apart from what follows. */
  keep(step: number): void {
    for (const each of this.#ofSteps) each.keep(step);
  }

  /**
   * The run goes on after this step, at this time: what it said of later ones is superseded, and is taken away.
   *
   * @returns How many steps before that went with it, where they were drawn together, and the marks that are gone.
   */
  goOn({ step, time }: Pick<Moment, 'step' | 'time'>, version: number): Superseded {
    this.clock.goOn({ step, time }, version);
    const steps = Math.max(0, ...this.#ofSteps.map((each) => each.cutAfter(step, version)));
    for (const histograms of [this.histograms, this.activations]) histograms.cutAfter(step, version);
    for (const each of [this.latest, this.confusion, this.values]) {
      if (each.value && each.value.step > step) each.set(undefined, version);
    }
    return { steps, marks: this.marks.cutAfter(step, version) };
  }

  get #ofSteps(): readonly (ScalarSeries | ParameterTable)[] {
    return [...this.series.values(), this.parameters, this.layers];
  }

  /**
   * `tables`: since which version what there is of its parameters is told (the rows, their tables and histograms, and what
   * else is looked at of one run at a time).
   */
  changesSince(version: number, tables = version): RunChanges | undefined {
    // Those last that have series.
    const parts = [...this.tablesSince(tables), ...this.seriesSince(version)];
    return parts.length > 0 ? Object.assign({}, ...parts) : undefined;
  }

  /** What changed, but for its parameters. */
  *seriesSince(version: number): Generator<RunChanges> {
    const series = [...this.series].flatMap(([name, each]) => {
      const changes = each.changesSince(version);
      return changes ? [[name, changes] as const] : [];
    });
    const parts = present({
      state: this.state.since(version),
      presence: this.presence.since(version),
      clock: this.clock.changesSince(version),
      settings: this.settings.since(version),
      marks: this.marks.changesSince(version),
      omitted: this.omitted.since(version),
    });
    if (series.length > 0 || parts) yield { name: this.name, series, ...parts };
  }

  /** What changed of its parameters: what is large apart, and packed when it is asked for. */
  *tablesSince(version: number): Generator<RunChanges> {
    const told = (parts: Partial<RunChanges> | undefined): readonly RunChanges[] =>
      parts ? [{ name: this.name, series: [], ...parts }] : [];
    yield* told(
      present({
        rows: this.rows.since(version),
        latest: packed(this.latest.changeSince(version)),
        activationLayers: this.activationLayers.since(version),
        observing: this.observing.since(version),
        model: this.model.since(version),
        confusion: this.confusion.changeSince(version),
        values: this.values.changeSince(version),
      }),
    );
    yield* told(present({ layers: this.layers.changesSince(version) }));
    yield* told(present({ parameters: this.parameters.changesSince(version) }));
    yield* told(present({ histograms: this.histograms.changesSince(version) }));
    yield* told(present({ activations: this.activations.changesSince(version) }));
  }

  /** Forget what there is of its parameters: someone looks at another run's. */
  forgetTables(): void {
    this.rows.set(NO_ROWS, 0);
    for (const each of [this.parameters, this.layers, this.histograms, this.activations]) each.clear();
    this.activationLayers.set([], 0);
    for (const each of [this.latest, this.model, this.confusion, this.values]) each.set(undefined, 0);
  }

  apply(changes: RunChanges): void {
    this.state.apply(changes.state);
    this.presence.apply(changes.presence);
    if (changes.clock) this.clock.apply(changes.clock);
    for (const [name, series] of changes.series) this.seriesOf(name).apply(series);
    this.settings.apply(changes.settings);
    if (changes.marks) this.marks.apply(changes.marks);
    this.omitted.apply(changes.omitted);
    this.#applyTables(changes);
  }

  #applyTables(changes: RunChanges): void {
    this.rows.apply(changes.rows);
    if (changes.parameters) this.parameters.apply(changes.parameters);
    if (changes.layers) this.layers.apply(changes.layers);
    this.latest.applyChange(changes.latest && unpackUpdates(changes.latest));
    if (changes.histograms) this.histograms.apply(changes.histograms);
    this.activationLayers.apply(changes.activationLayers);
    if (changes.activations) this.activations.apply(changes.activations);
    this.observing.apply(changes.observing);
    this.model.apply(changes.model);
    this.confusion.applyChange(changes.confusion);
    this.values.applyChange(changes.values);
  }
}

function packed(latest: LatestUpdates | null | undefined): PackedUpdates | null | undefined {
  return latest && packUpdates(latest);
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Those parts that there are. */
function present<T extends object>(parts: T): Present<T> | undefined {
  const those = Object.entries(parts).filter(([, part]) => part !== undefined);
  return those.length > 0 ? (Object.fromEntries(those) as Present<T>) : undefined;
}
