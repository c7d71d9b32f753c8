import { createParameterUpdates, type DefaultStatistic, type ParameterUpdates } from 'trainscope';

/** One step's updates by name and update norm; every weight norm is 1, so that a ratio is its norm. */
export function updatesOf(
  norms: Readonly<Record<string, number>> | readonly (readonly [string, number])[],
  fields: Partial<Pick<ParameterUpdates, 'step' | 'epoch' | 'loss' | 'learningRate' | 'maxSteps' | 'run'>> = {},
): ParameterUpdates<DefaultStatistic> {
  const entries = Array.isArray(norms)
    ? (norms as [string, number][])
    : Object.entries(norms as Record<string, number>);
  const values = Float64Array.from(entries, ([, norm]) => norm);
  const { step = 1 } = fields;
  return createParameterUpdates<DefaultStatistic>({
    run: 'test',
    step,
    epoch: step / 10,
    time: 1_700_000_000_000 + step * 100,
    loss: 1 / step,
    learningRate: 0.1,
    ...fields,
    names: namesOf(entries),
    sizes: entries.map(() => 4),
    columns: {
      updateNorm: values,
      weightNorm: values.map(() => 1),
      updateRatio: values,
      gradientNorm: values.map((value) => value * 10),
      maxAbsUpdate: values,
      unchanged: values.map((value) => (value === 0 ? 1 : 0)),
      nonFinite: values.map((value) => (Number.isFinite(value) ? 0 : 4)),
    },
    histograms: {},
  });
}

/** The same array for the same parameters, as a source gives them. */
const known = new Map<string, readonly string[]>();

function namesOf(entries: readonly (readonly [string, number])[]): readonly string[] {
  const names = entries.map(([name]) => name);
  const key = JSON.stringify(names);
  known.set(key, known.get(key) ?? names);
  return known.get(key)!;
}
