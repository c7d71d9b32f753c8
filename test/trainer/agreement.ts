import { expect } from 'vitest';
import { type LogEvent, type Metrics, ofType, type ParameterUpdates, parameterUpdates } from '../../src/index.js';
import { type PredictionOutput, Trainer, type TrainerOptions, type TrainingArguments } from '../../src/trainer.js';

export const LOSS_TOLERANCE = 1e-5;
export const NORM_TOLERANCE = 1e-4;
/** Weights near 1 are no finer than this: small updates of them are rounded, here and there. */
const FLOAT32_ROUNDING = 2 ** -24;

/** What a trainer measured, and what it says of some examples after it. */
export interface Measured {
  readonly logs: readonly Metrics[];
  readonly updates: readonly ParameterUpdates[];
  readonly evaluation: PredictionOutput;
}

/** What the reference measured. */
export interface ReferenceRun {
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly learningRates: readonly number[];
  readonly updateNorms: Readonly<Record<string, readonly number[]>>;
  readonly evaluation: { readonly loss: number };
}

/** Train, and predict `evaluated`. */
export async function measure<Example>(
  { args, ...options }: TrainerOptions<Example>,
  evaluated: readonly Example[],
  watch: (events$: Trainer['events$']) => void = () => {},
): Promise<Measured> {
  const common = { loggingSteps: 1, perDeviceEvalBatchSize: 4, saveStrategy: 'no', disableTqdm: true } as const;
  const trainer = new Trainer({ ...options, args: { ...args, ...common } });
  const logs: LogEvent[] = [];
  const updates: ParameterUpdates[] = [];
  trainer.events$.pipe(ofType('log')).subscribe((event) => logs.push(event));
  trainer.events$.pipe(parameterUpdates()).subscribe((update) => updates.push(update));
  watch(trainer.events$);
  await trainer.train();
  const evaluation = await trainer.predict(evaluated);
  await trainer.close();
  return { updates, evaluation, logs: logs.filter(({ metrics }) => 'loss' in metrics).map(({ metrics }) => metrics) };
}

/** The same numbers at every step; of the parameters that are named `apart`, no update norms. */
export function expectAgreement({ logs, updates, evaluation }: Measured, run: ReferenceRun, apart: RegExp): void {
  const steps = run.losses.length;
  expect(logs).toHaveLength(steps);
  expect(updates).toHaveLength(steps);
  for (let step = 0; step < steps; step++) {
    const { loss, grad_norm, learning_rate } = logs[step]!;
    expectClose(loss!, run.losses[step]!, LOSS_TOLERANCE, `loss of step ${step + 1}`);
    expectClose(updates[step]!.loss, run.losses[step]!, LOSS_TOLERANCE, `loss of step ${step + 1}`);
    expectClose(grad_norm!, run.gradientNorms[step]!, NORM_TOLERANCE, `gradient norm of step ${step + 1}`);
    expectClose(learning_rate!, run.learningRates[step]!, 1e-12, `learning rate of step ${step + 1}`);
  }
  expect(updates[0]!.names).toEqual(Object.keys(run.updateNorms));
  for (const [name, norms] of Object.entries(run.updateNorms)) {
    if (apart.test(name)) continue;
    norms.forEach((norm, step) => {
      expectUpdateNorm(updates[step]!.of(name).updateNorm, norm, `${name} in step ${step + 1}`);
    });
  }
  expectClose(evaluation.metrics.test_loss!, run.evaluation.loss, LOSS_TOLERANCE, 'loss of the evaluation');
}

/** By a share of the expected value. */
export function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  const share = Math.abs(actual - expected) / (Math.abs(expected) || 1);
  expect(share, `${what}: expected ${expected}, got ${actual}`).toBeLessThanOrEqual(tolerance);
}

export function expectUpdateNorm(actual: number, expected: number, of: string): void {
  const allowed = NORM_TOLERANCE * expected + FLOAT32_ROUNDING;
  const message = `update norm of ${of}: expected ${expected}, got ${actual}`;
  expect(Math.abs(actual - expected), message).toBeLessThanOrEqual(allowed);
}

export function expectLogits(logits: ArrayLike<number>, expected: readonly number[]): void {
  expect(logits).toHaveLength(expected.length);
  expected.forEach((logit, i) => {
    expect(Math.abs(logits[i]! - logit)).toBeLessThan(LOSS_TOLERANCE);
  });
}

export function casesOf<Run>({ cases }: { readonly cases: Readonly<Record<string, Run>> }) {
  return Object.entries(cases).map(([name, run]) => ({ name, run }));
}

/** transformers' names of arguments, as the Trainer has them. */
export function camelCase(args: object): TrainingArguments {
  const renamed = Object.entries(args).map(([name, value]) => [
    name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed) as TrainingArguments;
}
