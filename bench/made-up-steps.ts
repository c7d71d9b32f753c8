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

type Columns = Record<DefaultStatistic, Float64Array>;

/** Numbers of as many digits as real ones have. */
export function madeUpColumns(step: number): Columns {
  const column = (statistic: DefaultStatistic) =>
    statistic === 'nonFinite' || statistic === 'unchanged'
      ? new Float64Array(PARAMETERS)
      : Float64Array.from(NAMES, (_, i) => Math.sqrt(i + 1) / (step + i));
  return Object.fromEntries(DEFAULT_STATISTICS.map((statistic) => [statistic, column(statistic)])) as Columns;
}

/** A step as a loop publishes it; `msPerStep` after the one before. */
export function madeUpStep(
  step: number,
  msPerStep: number,
  columns: Columns = madeUpColumns(step),
): readonly [ParameterUpdates, StepEndEvent] {
  const context = { run: 'bench', step, epoch: step / 100, time: 1_700_000_000_000 + msPerStep * step };
  const at = { ...context, loss: Math.exp(-step / 100), learningRate: 2e-5 };
  const measured = { ...at, names: NAMES, sizes: SIZES, columns, histograms: {} };
  const updates = createParameterUpdates<DefaultStatistic>(measured);
  return [updates, { type: 'step-end', ...at, durationMs: msPerStep, examples: 16, observingMs: 0 }];
}
