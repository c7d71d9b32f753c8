import * as tf from '@tensorflow/tfjs';
import { DEFAULT_STATISTICS, instrument, parameterUpdates, type Statistic } from 'trainscope';
import { AdamW } from 'trainscope/trainer';
import { minilmProblem } from '../problems/bert.js';
import { quick } from '../quick.js';
import { median, table } from '../report.js';

const ROUNDS = quick ? 1 : 11;

/** The sentences of a step; 16 is the tutorial's. */
const BATCH_SIZES = quick ? [8] : [8, 16];

const NORMS = ['updateNorm', 'weightNorm', 'updateRatio', 'gradientNorm'] as const;

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  'tf.train.adam': () => tf.train.adam(5e-5),
  'AdamW of trainscope/trainer': () => new AdamW({ learningRate: 5e-5, weightDecay: 0.01 }),
};

/**
 * Steps in turns, plain, observed, and with what the tutorial does, so that a drift of the machine hits all of them. The
 * second of two is timed: memory then lies as in a training that does the same at every step.
 */
export async function wholeStep(): Promise<string> {
  const rows: string[][] = [];
  for (const batchSize of BATCH_SIZES) {
    for (const [name, make] of Object.entries(OPTIMIZERS)) {
      rows.push([name, String(batchSize), ...(await measure(batchSize, make()))]);
      console.error(`    ${rows.at(-1)!.join('  ')}`);
    }
  }
  return table(
    [
      'optimizer',
      'batch',
      'ms a step',
      'norms / plain (at most 1.02)',
      'all seven statistics / plain',
      'the tutorial’s way / plain',
      'which costs more than the norms (at least 5 ×)',
    ],
    rows,
  );
}

async function measure(batchSize: number, optimizer: tf.Optimizer): Promise<string[]> {
  const problem = await minilmProblem(1, optimizer, batchSize);
  for (let i = 0; i < 2; i++) problem.step();
  const times = { plain: [] as number[], norms: [] as number[], all: [] as number[], tutorial: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.plain.push(timeSecond(problem.step));
    times.norms.push(timeObserved(optimizer, problem.step, NORMS));
    times.all.push(timeObserved(optimizer, problem.step, DEFAULT_STATISTICS));
    times.tutorial.push(timeSecond(() => asTheTutorial(problem.step)));
  }
  problem.dispose();
  // Each against the plain step before it; the cost of observing is what a ratio has above 1.
  const ratio = (list: readonly number[]) => median(list.map((ms, round) => ms / times.plain[round]!));
  const [norms, all, tutorial] = [ratio(times.norms), ratio(times.all), ratio(times.tutorial)];
  const costs = `${((tutorial - 1) / Math.max(norms - 1, 1e-3)).toFixed(0)} ×`;
  return [median(times.plain).toFixed(0), norms.toFixed(3), all.toFixed(3), tutorial.toFixed(3), costs];
}

function timeSecond(step: () => void): number {
  step();
  const begin = performance.now();
  step();
  return performance.now() - begin;
}

function timeObserved(optimizer: tf.Optimizer, step: () => void, statistics: readonly Statistic[]): number {
  const training = instrument(optimizer);
  let seen = 0;
  training.attach(training.events$.pipe(parameterUpdates({ statistics })), ({ names }) => {
    seen += names.length;
  });
  const ms = timeSecond(step);
  training.unhook();
  void training.close();
  if (seen === 0) throw new Error('nothing was observed');
  return ms;
}

/** Two clones of every parameter, and a blocking read of each norm. */
function asTheTutorial(step: () => void): void {
  const variables = Object.values(tf.engine().registeredVariables).filter(({ trainable }) => trainable);
  const previous = variables.map((variable) => tf.clone<tf.Tensor>(variable));
  step();
  const norms = variables.map((variable, i) =>
    tf.tidy(() => tf.sub(tf.clone<tf.Tensor>(variable), previous[i]!).norm().dataSync()[0]!),
  );
  tf.dispose(previous);
  if (norms.some((norm) => !(norm >= 0))) throw new Error('a norm is not a number');
}
