import type {
  EventContext,
  EventOf,
  OptimizerStepEvent,
  PreOptimizerStepEvent,
  StepEndEvent,
  TrainingEvent,
} from '../../src/events/events.js';
import { createParameterUpdates, type ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import type { Comparison, Measure, Statistic } from '../../src/parameters/statistics.js';
import type { MaybePromise, Snapshot, StepParameters } from '../../src/parameters/step-parameters.js';

export type Values = Readonly<Record<string, readonly number[]>>;

/** What the fake snapshots of one test did. */
export interface Ledger {
  taken: number;
  live: number;
}

class FakeSnapshot implements Snapshot {
  #disposed = false;

  constructor(
    readonly values: Values,
    private readonly ledger: Ledger,
  ) {
    ledger.taken++;
    ledger.live++;
  }

  get names(): readonly string[] {
    return Object.keys(this.values);
  }

  dispose(): void {
    if (!this.#disposed) this.ledger.live--;
    this.#disposed = true;
  }
}

/** Parameters made of plain arrays. `delay` makes comparisons come later, as a device's do. */
export function fakeParameters(
  values: Values,
  ledger: Ledger = { taken: 0, live: 0 },
  delay?: (comparison: Comparison<Statistic>) => MaybePromise<Comparison<Statistic>>,
): StepParameters {
  const sizes = Object.values(values).map((list) => list.length);
  return {
    names: Object.keys(values),
    shapes: sizes.map((size) => [size]),
    sizes,
    snapshot: () => new FakeSnapshot(values, ledger),
    compare<S extends Statistic>(before: Snapshot, measure: Measure<S>) {
      const comparison = compareValues((before as FakeSnapshot).values, values, measure) as Comparison<Statistic>;
      return (delay ? delay(comparison) : comparison) as MaybePromise<Comparison<S>>;
    },
  };
}

/** The few statistics that tests of operators look at; the others are 0. */
function compareValues<S extends Statistic>(before: Values, after: Values, measure: Measure<S>): Comparison<S> {
  const norm = (values: readonly number[]) => Math.hypot(...values);
  const of: Partial<Record<Statistic, (old: readonly number[], now: readonly number[]) => number>> = {
    updateNorm: (old, now) => norm(now.map((v, i) => v - old[i]!)),
    weightNorm: (old) => norm(old),
    updateRatio: (old, now) => norm(now.map((v, i) => v - old[i]!)) / norm(old),
  };
  const columns = Object.fromEntries(
    measure.statistics.map((statistic) => [
      statistic,
      Float64Array.from(Object.entries(after), ([name, now]) => {
        const old = before[name];
        return old?.length === now.length ? (of[statistic]?.(old, now) ?? 0) : Number.NaN;
      }),
    ]),
  );
  const histograms = Object.fromEntries(
    (measure.histograms ?? []).map((subject) => [
      subject,
      Object.values(after).map((now) => ({ zeros: now.length, nonFinite: 0, firstExponent: 0, counts: [] })),
    ]),
  );
  return { columns, histograms } as unknown as Comparison<S>;
}

/** An event with whatever it is not given. */
export function event<T extends TrainingEvent['type']>(
  type: T,
  fields: Partial<Omit<EventOf<T>, 'type'>> = {},
): EventOf<T> {
  const context: EventContext = { run: 'test', step: 0, epoch: 0, time: 0 };
  return { type, ...context, ...fields } as unknown as EventOf<T>;
}

export interface FakeStep {
  readonly begin: TrainingEvent;
  readonly pre: PreOptimizerStepEvent;
  readonly post: OptimizerStepEvent;
  readonly end: StepEndEvent;
}

/** The four events of the update number `step` (from 1), that takes the parameters from `before` to `after`. */
export function fakeStep(
  step: number,
  before: Values,
  after: Values,
  {
    ledger,
    delay,
    ...fields
  }: Partial<StepEndEvent> & { ledger?: Ledger; delay?: Parameters<typeof fakeParameters>[2] } = {},
): FakeStep {
  const { epoch = 0 } = fields;
  return {
    begin: event('step-begin', { step: step - 1, epoch }),
    pre: event('pre-optimizer-step', { step: step - 1, epoch, parameters: fakeParameters(before, ledger) }),
    post: event('optimizer-step', { step: step - 1, epoch, parameters: fakeParameters(after, ledger, delay) }),
    end: event('step-end', {
      step,
      epoch,
      time: 1000 * step,
      loss: 1 / step,
      learningRate: 0.1,
      durationMs: 10,
      examples: 4,
      observingMs: 1,
      ...fields,
    }),
  };
}

/** A run of `steps` updates, each of which adds 1 to every element of every parameter. */
export function fakeRun(
  steps: number,
  {
    start = { w: [3, 4], b: [0] },
    stepsPerEpoch = Infinity,
    ledger,
  }: { start?: Values; stepsPerEpoch?: number; ledger?: Ledger } = {},
): TrainingEvent[] {
  let values = start;
  const events: TrainingEvent[] = [event('train-begin', { maxSteps: steps })];
  for (let step = 1; step <= steps; step++) {
    const next = Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.map((v) => v + 1)]));
    const epoch = Math.floor((step - 1) / stepsPerEpoch);
    const { begin, pre, post, end } = fakeStep(step, values, next, { epoch, ...(ledger && { ledger }) });
    events.push(begin, pre, post, end);
    values = next;
  }
  events.push(event('train-end', { step: steps }));
  return events;
}

/** Updates by hand: one column a statistic, as plain arrays in the order of `names`. */
export function updatesOf<S extends Statistic>(
  columns: Readonly<Record<S, readonly number[]>>,
  fields: Partial<
    Pick<ParameterUpdates<S>, 'names' | 'sizes' | 'step' | 'loss' | 'epoch' | 'time' | 'histograms'>
  > = {},
): ParameterUpdates<S> {
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
      lists.map(([s, list]) => [s, Float64Array.from(list)]),
    ) as ParameterUpdates<S>['columns'],
    histograms: {},
    ...fields,
  });
}
