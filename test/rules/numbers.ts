import { from, type OperatorFunction } from 'rxjs';
import type {
  ActivationName,
  Activations,
  AlertEvent,
  EvaluateEvent,
  EventOf,
  LayerActivations,
  ParameterUpdates,
  Statistic,
  StepEndEvent,
} from '../../src/index.js';
import { event, updatesOf } from '../operators/fake-run.js';
import { collect } from '../operators/marbles.js';

/** One `step-end` a number, from step 1, of batches large enough that each is like the others. */
export function losses(...values: readonly number[]): StepEndEvent[] {
  return values.map((loss, i) => event('step-end', { step: i + 1, loss, examples: 64, time: 1000 * (i + 1) }));
}

/** One update of parameter `a/w` a number, from step 1, in the given statistic. */
export function column<S extends Statistic, R extends Statistic = never>(
  statistic: S,
  values: readonly number[],
  rest: Partial<Record<R, number>> = {},
  fields: {
    readonly name?: string;
    readonly size?: number;
    readonly learningRate?: number;
    /** Each step's, of a loop that shows it. */
    readonly losses?: readonly number[];
  } = {},
): ParameterUpdates<S | R>[] {
  const { name = 'a/w', size = 4, learningRate = 0.1, losses } = fields;
  return values.map((value, i) => {
    const others = Object.entries(rest).map(([key, other]) => [key, [other]]);
    const columns = { ...Object.fromEntries(others), [statistic]: [value] } as Record<S | R, number[]>;
    return Object.assign(updatesOf<S | R>(columns, { names: [name], sizes: [size], step: i + 1 }), {
      learningRate,
      ...(losses && { loss: losses[i]! }),
    });
  });
}

/** What the ranks of a run told of one step of 100 ms. */
export function ranks(
  step: number,
  forwardMs: readonly number[],
  differences: readonly (readonly [parameter: string, relative: number])[] = [],
  missing: readonly number[] = [],
): EventOf<'ranks'> {
  return event('ranks', {
    step,
    world: forwardMs.length + missing.length,
    reports: forwardMs.map((ms, rank) => ({ rank, forwardMs: ms, durationMs: 100 })),
    differences: differences.map(([parameter, relative]) => ({ parameter, ranks: [0, 1], relative })),
    missing,
  });
}

/** What the layers of one step gave. */
export function activated(
  step: number,
  layers: Readonly<Record<string, Partial<LayerActivations> & { readonly activation?: ActivationName }>>,
): Activations {
  return {
    type: 'activations',
    run: 'test',
    step,
    epoch: 0,
    time: step,
    layers: Object.entries(layers).map(([name, layer]) => ({
      name,
      activation: 'relu',
      units: 8,
      mean: 0.5,
      variance: 1,
      dead: 0,
      saturated: Number.NaN,
      ...layer,
    })),
  };
}

/** Evaluations with the training loss of the one step before each. */
export function evaluations(
  pairs: readonly (readonly [train: number, validation: number])[],
  name = 'val_loss',
): (StepEndEvent | EvaluateEvent)[] {
  return pairs.flatMap(([loss, validation], i) => [
    event('step-end', { step: i + 1, loss }),
    event('evaluate', { step: i + 1, metrics: { [name]: validation } }),
  ]);
}

export function alertsOf<T>(values: readonly T[], rule: OperatorFunction<T, AlertEvent>): AlertEvent[] {
  const { values: alerts, error } = collect(from(values).pipe(rule));
  if (error) throw error;
  return alerts;
}

/** `begin a/w 1-3`: phase, where, and from which step to which it was seen. */
export function brief(alerts: readonly AlertEvent[]): string[] {
  return alerts.map(({ phase, parameter, firstStep, step, severity }) =>
    [phase, severity, parameter, `${firstStep}-${step}`].filter(Boolean).join(' '),
  );
}
