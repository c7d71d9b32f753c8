import { createParameterUpdates, type ParameterUpdates } from '../../src/index.js';

/** A step's updates: `{ name: [update norm, weight norm] }`. */
export function updates(
  step: number,
  rows: Readonly<Record<string, readonly [number, number]>>,
  more: { maxSteps?: number } = {},
): ParameterUpdates<'updateNorm' | 'weightNorm' | 'updateRatio'> {
  const pairs = Object.values(rows);
  return createParameterUpdates({
    run: 'run',
    step,
    epoch: step / 10,
    time: 1_000 * step,
    loss: 1 / step,
    learningRate: 0.001,
    ...more,
    names: Object.keys(rows),
    sizes: pairs.map(() => 4),
    columns: {
      updateNorm: Float64Array.from(pairs, ([update]) => update),
      weightNorm: Float64Array.from(pairs, ([, weight]) => weight),
      updateRatio: Float64Array.from(pairs, ([update, weight]) => update / weight),
    },
    histograms: {},
  });
}
