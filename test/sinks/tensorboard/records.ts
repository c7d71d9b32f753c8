/** A run that has everything which TensorBoard is told. */
import { createParameterUpdates, type DefaultStatistic, type MagnitudeHistogram, type RunRecord } from 'trainscope';
import { event } from '../../operators/fake-run.js';

export const NAMES = ['enc.0.q/weight', 'enc.0.q/bias', 'head/weight', 'odd <img> 名'] as const;
export const STEPS = 5;

const histogram = (step: number): MagnitudeHistogram => ({
  zeros: step % 2,
  nonFinite: 0,
  firstExponent: -step,
  counts: [3, 0, step],
});

export const alertMessage = 'update ratio of *head/weight* is [0.3](x) <b>';

export function allKindsOfRecords(run = 'first'): RunRecord[] {
  const records: RunRecord[] = [event('train-begin', { run, time: 1_700_000_000_000, maxSteps: STEPS })];
  for (let step = 1; step <= STEPS; step++) {
    const context = { run, step, epoch: step / STEPS, time: 1_700_000_000_000 + step * 1500 };
    const at = { ...context, loss: 1 / step, learningRate: 2e-5 };
    const column = (scale: number) => Float64Array.from(NAMES, (_, i) => (scale * (i + 1)) / (3 * step));
    records.push(
      createParameterUpdates<DefaultStatistic>({
        ...at,
        names: NAMES,
        sizes: NAMES.map(() => 4),
        columns: {
          updateNorm: column(1e-3),
          weightNorm: column(1),
          updateRatio: Float64Array.from(NAMES, () => 1e-3),
          gradientNorm: column(0.1),
          maxAbsUpdate: column(1),
          unchanged: column(0),
          nonFinite: column(0),
        },
        histograms: {
          update: NAMES.map(() => histogram(step)),
          weight: NAMES.map((_, i) =>
            i === 0 ? { zeros: 0, nonFinite: 4, firstExponent: 0, counts: [] } : histogram(2),
          ),
        },
      }),
      event('step-end', { ...at, durationMs: 12.5, examples: 16, observingMs: 0.1 }),
      {
        type: 'parameter-drift',
        ...context,
        names: NAMES,
        sizes: NAMES.map(() => 4),
        columns: {
          fromStart: column(1),
          relativeFromStart: column(2),
          fromLast: column(3),
          relativeFromLast: column(4),
        },
      },
      { type: 'throughput', ...context, stepsPerSecond: 4 + step, examplesPerSecond: Number.NaN, observingShare: 0.01 },
    );
  }
  const last = { run, step: STEPS, epoch: 1, time: 1_700_000_010_000 };
  records.push(
    event('evaluate', { ...last, metrics: { loss: 0.25, accuracy: 0.9 } }),
    event('log', { ...last, metrics: { loss: 0.5 } }),
    event('alert', {
      ...last,
      rule: 'exploding-updates',
      severity: 'warning',
      message: alertMessage,
      phase: 'begin',
      firstStep: 4,
    }),
    event('control', {
      ...last,
      command: { kind: 'set-learning-rate', learningRate: 1e-5 },
      source: 'rule',
      message: 'halved',
    }),
    event('save', { ...last, path: 'results/checkpoint_5' }),
    event('train-end', last),
  );
  return records;
}
