import {
  createParameterUpdates,
  DEFAULT_STATISTICS,
  type DefaultStatistic,
  type ParameterUpdates,
  type StepEndEvent,
} from 'trainscope';

/** As many as a BERT of base size has. */
const PARAMETERS = 200;

const NAMES = Array.from(
  { length: PARAMETERS },
  (_, i) => `bert.encoder.layer.${i >> 4}.attention.output.dense.${i & 15}.weight`,
);
const SIZES = NAMES.map(() => 16_384);

/** A step as a loop publishes it, with numbers of as many digits as real ones have; `msPerStep` after the one before. */
export function madeUpStep(step: number, msPerStep: number): readonly [ParameterUpdates, StepEndEvent] {
  const context = { run: 'bench', step, epoch: step / 100, time: 1_700_000_000_000 + msPerStep * step };
  const at = { ...context, loss: Math.exp(-step / 100), learningRate: 2e-5 };
  const columns = Object.fromEntries(
    DEFAULT_STATISTICS.map((statistic) => [
      statistic,
      statistic === 'nonFinite' || statistic === 'unchanged'
        ? new Float64Array(PARAMETERS)
        : Float64Array.from(NAMES, (_, i) => Math.sqrt(i + 1) / (step + i)),
    ]),
  ) as Record<DefaultStatistic, Float64Array>;
  const updates = createParameterUpdates<DefaultStatistic>({
    ...at,
    names: NAMES,
    sizes: SIZES,
    columns,
    histograms: {},
  });
  return [updates, { type: 'step-end', ...at, durationMs: msPerStep, examples: 16, observingMs: 0 }];
}
