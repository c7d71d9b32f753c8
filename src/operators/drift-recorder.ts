import type { OptimizerStepEvent, ParameterDrift, RunRecord } from '../events/index.js';
import type { Comparison, MaybePromise, Snapshot, StepParameters } from '../parameters/index.js';
import type { Schedule } from './schedule.js';

const DISTANCE = { statistics: ['updateNorm', 'updateRatio'] } as const;
type Distances = Comparison<(typeof DISTANCE)['statistics'][number]>;

/** Old values, and the shapes of the parameters that are measured against them, by their ids. */
interface Origin {
  readonly snapshot: Snapshot;
  readonly shapes: Map<string | number, readonly number[]>;
}

/** Follows the events of a run and keeps the values that drift counts from. */
export class DriftRecorder {
  readonly #when: Schedule;
  /** Where each parameter started. One origin, and one more for each time that parameters came later. */
  #starts: Origin[] = [];
  #last: Origin | undefined;
  #previousEpoch = -1;

  constructor(when: Schedule) {
    this.#when = when;
  }

  /** Take the run's next record. Gives a measurement, or none. */
  take(event: RunRecord): readonly MaybePromise<ParameterDrift>[] {
    if (event.type === 'pre-optimizer-step') this.#start(event.parameters);
    if (event.type !== 'optimizer-step') return [];
    const at = { epoch: event.epoch, previousEpoch: this.#previousEpoch };
    this.#previousEpoch = event.epoch;
    // Without a start the subscription began within this very step.
    if (this.#starts.length === 0 || !this.#when(event.step + 1, at)) return [];
    return [this.#measure(event)];
  }

  /** Let go of all old values. */
  dispose(): void {
    for (const { snapshot } of this.#starts.splice(0)) snapshot.dispose();
    this.#last?.snapshot.dispose();
    this.#last = undefined;
  }

  /** Parameters that are new, or have another shape than when they started, start now. */
  #start(parameters: StepParameters): void {
    const { ids, shapes } = parameters;
    const starting: Origin['shapes'] = new Map();
    for (const [i, id] of ids.entries()) {
      if (!this.#starts.some((origin) => has(origin, id, shapes[i]!))) starting.set(id, shapes[i]!);
    }
    if (starting.size === 0) return;
    for (const origin of this.#starts) for (const id of starting.keys()) origin.shapes.delete(id);
    for (const origin of this.#starts) if (origin.shapes.size === 0) origin.snapshot.dispose();
    this.#starts = this.#starts.filter(({ shapes }) => shapes.size > 0);
    this.#starts.push({ snapshot: parameters.snapshot(), shapes: starting });
  }

  #measure(event: OptimizerStepEvent): MaybePromise<ParameterDrift> {
    const { parameters } = event;
    const { ids, shapes } = parameters;
    const starts = [...this.#starts];
    const last = this.#last;
    // Which comparison each parameter is read from: its start's, and the last one's where it was there already.
    const startOf = ids.map((id, i) => starts.findIndex((origin) => has(origin, id, shapes[i]!)));
    const lastOf = ids.map((id, i) => (last && has(last, id, shapes[i]!) ? starts.length : startOf[i]!));
    const origins = last ? [...starts, last] : starts;
    const comparisons = origins.map(({ snapshot }) => parameters.compare(snapshot, DISTANCE));
    const finish = (found: readonly Distances[]) => driftOf(event, parameters, found, startOf, lastOf);

    this.#last = { snapshot: parameters.snapshot(), shapes: new Map(ids.map((id, i) => [id, shapes[i]!])) };
    last?.snapshot.dispose();
    return whenAll(comparisons, finish);
  }
}

function has({ shapes }: Origin, id: string | number, shape: readonly number[]): boolean {
  const known = shapes.get(id);
  return known === shape || (known?.length === shape.length && shape.every((length, i) => length === known[i]));
}

function whenAll<T, R>(values: readonly MaybePromise<T>[], finish: (values: readonly T[]) => R): MaybePromise<R> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values).then(finish) : finish(values as T[]);
}

function driftOf(
  { run, step, epoch, time }: OptimizerStepEvent,
  { names, sizes }: StepParameters,
  found: readonly Distances[],
  startOf: readonly number[],
  lastOf: readonly number[],
): ParameterDrift {
  const column = (statistic: keyof Distances['columns'], origins: readonly number[]) =>
    Float64Array.from(origins, (origin, i) => found[origin]?.columns[statistic][i] ?? Number.NaN);
  return {
    type: 'parameter-drift',
    run,
    step: step + 1,
    epoch,
    time,
    names,
    sizes,
    columns: {
      fromStart: column('updateNorm', startOf),
      relativeFromStart: column('updateRatio', startOf),
      fromLast: column('updateNorm', lastOf),
      relativeFromLast: column('updateRatio', lastOf),
    },
  };
}
