import type { DetailRequest } from '../history/detail-request.js';
import type { Histories } from '../history/histories.js';
import type { ParameterTable } from '../history/parameter-table.js';
import type { RunHistory } from '../history/run-history.js';
import type { ScalarSeries } from '../history/scalar-series.js';
import type { StepRange } from '../history/step-buckets.js';
import type { View } from './view.js';

/** Where more is known of some steps than the histories of the page have. */
export interface DetailSource {
  /** Histories of these steps alone; undefined where nothing more is known. What it rejects with changes nothing. */
  ask(request: DetailRequest, signal: AbortSignal): Promise<Histories | undefined>;
  /** Names of all parameters and layers of a run, in any size of model. */
  names(run: string, signal: AbortSignal): Promise<RunNames>;
}

export interface RunNames {
  readonly parameters: readonly string[];
  readonly layers: readonly string[];
}

/** What is drawn of a run. */
export interface ShownHistory {
  readonly series: ReadonlyMap<string, ScalarSeries>;
  readonly parameters: ParameterTable;
  readonly layers: ParameterTable;
}

/** A range that moves is asked for when it has come to rest. */
const REST_MS = 120;
/** Beside the range, as a part of it: so that moving it a little asks for nothing. */
const MARGIN = 1 / 4;
/** What is a part of what was asked for, no larger than this, has finer detail of its own. */
const CLOSER = 1 / 4;
/** A run that goes on within the range is asked for anew so often, at most. */
const AGAIN_MS = 2000;

interface Detail {
  readonly range: StepRange;
  readonly histories: Histories;
  /** Runs of whose parameters it has tables. */
  readonly tables: readonly string[];
}

/**
 * The histories of the steps that are zoomed into, as finely as somebody has them. What was there before is shown until they
 * have come; what moved on meanwhile is no longer waited for.
 */
export class Details {
  #detail: Detail | undefined;
  #asked: { readonly request: DetailRequest; readonly at: number } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #underway = new AbortController();

  constructor(private readonly view: View) {
    view.onChange(() => this.#plan());
    view.signal.addEventListener('abort', () => this.#stop());
  }

  /** A run as it is drawn: in detail where there is some of the steps that are seen, else as a whole. */
  shown(run: RunHistory): ShownHistory {
    const detail = this.#detail;
    const { range } = this.view.choices;
    const finer = detail?.histories.runs.get(run.name);
    if (!finer || !detail || !range || !holds(detail.range, range)) return run;
    const hasTables = detail.tables.includes(run.name) && finer.rows.value.parameters.length > 0;
    return {
      series: finer.series.size > 0 ? new JoinedSeries(finer, run, detail.range).all : run.series,
      parameters: hasTables ? finer.parameters : run.parameters,
      layers: hasTables ? finer.layers : run.layers,
    };
  }
}
