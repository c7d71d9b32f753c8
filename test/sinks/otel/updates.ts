import { createParameterUpdates, type DefaultStatistic, type ParameterUpdates, type StepEndEvent } from 'trainscope';

/** One step's updates, with update norms of your choice and every weight norm 1, so that a ratio is its norm. */
export function updatesOf(
  ratios: Readonly<Record<string, number>>,
  { step = 1, loss = 1 / step }: { step?: number; loss?: number } = {},
): ParameterUpdates<DefaultStatistic> {
  const names = namesOf(ratios);
  const values = Float64Array.from(Object.values(ratios));
  return createParameterUpdates<DefaultStatistic>({
    run: 'test',
    step,
    epoch: step / 10,
    time: 1_700_000_000_000 + step * 100,
    loss,
    learningRate: 0.1,
    names,
    sizes: names.map(() => 4),
    columns: {
      updateNorm: values,
      weightNorm: values.map(() => 1),
      updateRatio: values,
      gradientNorm: values.map((value) => value * 10),
      maxAbsUpdate: values,
      unchanged: values.map(() => 0),
      nonFinite: values.map((value) => (Number.isFinite(value) ? 0 : 4)),
    },
    histograms: {},
  });
}

/** The same array for the same parameters, as a source gives them. */
const known = new Map<string, readonly string[]>();

function namesOf(ratios: Readonly<Record<string, number>>): readonly string[] {
  const names = Object.keys(ratios);
  const key = names.join();
  known.set(key, known.get(key) ?? names);
  return known.get(key)!;
}

/** `count` parameters, two a layer, all at the same ratio but for those named. */
export function manyRatios(count: number, odd: Readonly<Record<number, number>> = {}): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`layer${i >> 1}/${i % 2 ? 'bias' : 'kernel'}`, odd[i] ?? 1e-3]),
  );
}

export function stepEnd(step: number, fields: Partial<StepEndEvent> = {}): StepEndEvent {
  return {
    type: 'step-end',
    run: 'test',
    step,
    epoch: step / 10,
    time: 1_700_000_000_000 + step * 100,
    loss: 1 / step,
    learningRate: 0.1,
    durationMs: 20,
    examples: 8,
    observingMs: 0,
    ...fields,
  };
}
