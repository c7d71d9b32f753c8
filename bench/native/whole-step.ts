import * as tf from '@tensorflow/tfjs';
import { instrument, parameterUpdates } from 'trainscope';
import { AdamW } from 'trainscope/trainer';
import { minilmProblem } from '../problems/bert.js';
import { quick } from '../quick.js';
import { median, table } from '../report.js';

const ROUNDS = quick ? 1 : 15;

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  'tf.train.adam': () => tf.train.adam(5e-5),
  'AdamW of trainscope/trainer': () => new AdamW({ learningRate: 5e-5, weightDecay: 0.01 }),
};

/** Steps in turns, plain, observed, and with what the tutorial does, so that a drift of the machine hits all three. */
export async function wholeStep(): Promise<string> {
  const rows: string[][] = [];
  for (const [name, make] of Object.entries(OPTIMIZERS)) {
    const problem = await minilmProblem(1, make());
    for (let i = 0; i < 2; i++) problem.step();
    const plain: number[] = [];
    const observed: number[] = [];
    const tutorial: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      plain.push(time(problem.step));
      observed.push(timeObserved(problem.optimizer, problem.step));
      tutorial.push(time(() => asTheTutorial(problem.step)));
    }
    // Each against the plain step before it; the cost of observing is what a ratio has above 1.
    const ratios = (times: readonly number[]) => median(times.map((ms, round) => ms / plain[round]!));
    const [ours, its] = [ratios(observed), ratios(tutorial)];
    rows.push([
      name,
      median(plain).toFixed(0),
      ours.toFixed(3),
      its.toFixed(3),
      `${((its - 1) / Math.max(ours - 1, 1e-3)).toFixed(0)} ×`,
    ]);
    console.error(`    ${rows.at(-1)!.join('  ')}`);
    problem.dispose();
  }
  return table(
    [
      'optimizer',
      'ms a step',
      'observed / plain (at most 1.02)',
      'the tutorial’s way / plain',
      'which costs (at least 5 ×)',
    ],
    rows,
  );
}

function time(step: () => void): number {
  const begin = performance.now();
  step();
  return performance.now() - begin;
}

function timeObserved(optimizer: tf.Optimizer, step: () => void): number {
  const training = instrument(optimizer);
  let seen = 0;
  training.attach(training.events$.pipe(parameterUpdates()), (updates) => {
    seen += updates.columns.updateNorm.length;
  });
  const ms = time(step);
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
