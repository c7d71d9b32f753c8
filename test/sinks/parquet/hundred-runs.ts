import { join } from 'node:path';
import { observe, parameterUpdates } from 'trainscope';
import { parquetSink } from 'trainscope/node';

/** What a training saw of itself, without the help of any observer. */
export interface Trained {
  readonly run: string;
  readonly losses: readonly number[];
  /** The layers of which nothing moved in the last ten steps. */
  readonly still: readonly string[];
  /** The first step at which a parameter held what is not finite. */
  readonly brokenAt: number | undefined;
}

const STEPS = 60;
const X = Float64Array.from({ length: 16 }, (_, i) => Math.sin(i * 12.9898));
const Y = X.map((x) => 2 * x + 1);

/**
 * A hundred runs of a line and a ReLU beside it, a folder each: every tenth has a rate at which it diverges, to NaN or to
 * infinity, and six of ten a ReLU that no input reaches.
 */
export async function hundredRuns(folder: string): Promise<Trained[]> {
  const trained: Trained[] = [];
  for (let i = 0; i < 100; i++) {
    const learningRate = i % 10 !== 3 ? 0.05 + i / 1000 : i % 20 === 3 ? 1e10 : 1e3;
    trained.push(await train(folder, `run-${String(i).padStart(3, '0')}`, learningRate, i % 5 < 3 ? -10 : 1));
  }
  return trained;
}

async function train(folder: string, name: string, learningRate: number, shift: number): Promise<Trained> {
  const values = {
    'line/kernel': Float64Array.of(0),
    'line/bias': Float64Array.of(0),
    'gate/kernel': Float64Array.of(1),
    'gate/bias': Float64Array.of(shift),
    'head/kernel': Float64Array.of(0.5),
  };
  type Name = keyof typeof values;
  const names = Object.keys(values) as Name[];
  const run = observe(values, { run: name });
  run.attach(run.events$.pipe(parameterUpdates()), parquetSink(join(folder, name), { rowsPerPart: 120 }));
  const losses: number[] = [];
  const movedAt = new Map<string, number>();
  let brokenAt: number | undefined;
  for (let step = 1; step <= STEPS; step++) {
    const { loss, gradients } = differentiate(values);
    losses.push(loss);
    const before = names.map((each) => values[each][0]!);
    run.step({ loss, learningRate }, () => {
      for (const each of names) values[each][0]! -= learningRate * gradients[each];
    });
    for (const [i, each] of names.entries()) {
      // What is NaN has not stood still.
      if (values[each][0] !== before[i]) movedAt.set(each.split('/')[0]!, step);
      if (!Number.isFinite(values[each][0])) brokenAt ??= step;
    }
  }
  const failed = await run.close();
  if (failed.length > 0) throw failed[0]!.cause;
  const still = ['line', 'gate', 'head'].filter((layer) => (movedAt.get(layer) ?? 0) <= STEPS - 10);
  return { run: name, losses, still, brokenAt };
}

function differentiate<N extends string>(values: Readonly<Record<N, Float64Array>>) {
  const of = (name: string) => (values as Readonly<Record<string, Float64Array>>)[name]![0]!;
  let loss = 0;
  const gradients = { 'line/kernel': 0, 'line/bias': 0, 'gate/kernel': 0, 'gate/bias': 0, 'head/kernel': 0 };
  for (const [i, x] of X.entries()) {
    const open = of('gate/kernel') * x + of('gate/bias');
    const given = Math.max(open, 0);
    const error = of('line/kernel') * x + of('line/bias') + of('head/kernel') * given - Y[i]!;
    loss += error ** 2 / X.length;
    const share = (2 * error) / X.length;
    gradients['line/kernel'] += share * x;
    gradients['line/bias'] += share;
    gradients['head/kernel'] += share * given;
    if (open <= 0) continue;
    gradients['gate/kernel'] += share * of('head/kernel') * x;
    gradients['gate/bias'] += share * of('head/kernel');
  }
  return { loss, gradients };
}
