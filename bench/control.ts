/**
 * Does control help? Three problems, learning rates from 1e-5 to 1, Adam: the loss at the end, and how many runs diverged,
 * for a fixed rate, a linear schedule, and three that are steered; each with rollback and without.
 *
 * `tsx bench/control.ts [--quick] [--problem MLP|CNN|BERT] [--control fixed|linear|reduce|steer] [--seeds n]`
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { explodingUpdates, nonFinite, parameterUpdates, reduceOnPlateau, rollback, steerUpdateRatio } from 'trainscope';
import { instrument, selectBackend, type Training } from 'trainscope/tfjs';
import { setLearningRate } from '../src/tfjs/learning-rate.js';
import { PROBLEMS, type ProblemToLearn } from './problems/to-learn.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const RATES = quick ? [1e-3, 1] : [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];
const STATISTICS = ['updateNorm', 'weightNorm', 'nonFinite'] as const;

interface Control {
  readonly name: string;
  readonly steer?: (training: Training) => void;
  /** The rate of a step, as a share of the initial one. */
  readonly schedule?: (step: number, steps: number) => number;
}

/** Steering to a target, or to the one by default. */
function steering(name: string, target?: number): Control {
  return {
    name,
    steer: (training) => {
      const updates$ = training.events$.pipe(parameterUpdates({ statistics: STATISTICS }));
      // With the events, it does not take a rollback's lower rate for a schedule.
      training.steer(merge(updates$, training.events$).pipe(steerUpdateRatio(target === undefined ? {} : { target })));
    },
  };
}

const CONTROLS: readonly Control[] = [
  { name: 'fixed rate' },
  { name: 'linear schedule', schedule: (step, steps) => 1 - step / steps },
  { name: 'reduceOnPlateau', steer: (training) => training.steer(training.events$.pipe(reduceOnPlateau())) },
  steering('steerUpdateRatio'),
  steering('steerUpdateRatio to 1e-2', 1e-2),
];

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    problem: { type: 'string' },
    control: { type: 'string' },
    seeds: { type: 'string' },
  },
});

interface Outcome {
  readonly loss: number;
  readonly diverged: boolean;
}

/** One run from its first state: the mean loss of its last tenth, and whether it diverged. */
async function run(
  problem: ProblemToLearn,
  seed: number,
  rate: number,
  control: Control,
  rolls: boolean,
): Promise<Outcome> {
  const learning = await problem.make(seed);
  const optimizer = tf.train.adam(rate);
  const training = instrument(optimizer);
  if (rolls) {
    const updates$ = training.events$.pipe(parameterUpdates({ statistics: STATISTICS }));
    training.report(merge(updates$.pipe(nonFinite()), updates$.pipe(explodingUpdates())));
    training.steer(training.events$.pipe(rollback({ every: 10 })));
  }
  control.steer?.(training);
  const losses: number[] = [];
  for (let step = 0; step < problem.steps && !training.stopRequested; step++) {
    if (control.schedule) setLearningRate(optimizer, rate * control.schedule(step, problem.steps));
    const loss = tf.tidy(() => optimizer.minimize(() => learning.loss(step), true)!.dataSync()[0]!);
    losses.push(loss);
  }
  await training.close();
  optimizer.dispose();
  learning.dispose();
  const last = losses.slice(-Math.max(1, Math.floor(problem.steps / 10)));
  const loss = last.reduce((sum, value) => sum + value, 0) / last.length;
  return { loss, diverged: !(loss <= 1.2 * losses[0]!) };
}

/** One row a control: median final loss by initial rate, and the share of all runs that diverged. */
async function rowOf(problem: ProblemToLearn, seeds: number, control: Control, rolls: boolean): Promise<string[]> {
  const byRate: Outcome[][] = [];
  for (const rate of RATES) {
    const outcomes: Outcome[] = [];
    for (let seed = 0; seed < seeds; seed++) outcomes.push(await run(problem, seed, rate, control, rolls));
    byRate.push(outcomes);
  }
  const all = byRate.flat();
  const diverged = all.filter((outcome) => outcome.diverged).length / all.length;
  const losses = byRate.map((outcomes) => median(outcomes.map(({ loss }) => (Number.isNaN(loss) ? Infinity : loss))));
  const cells = losses.map((loss) => (Number.isFinite(loss) ? String(Number(loss.toPrecision(2))) : 'NaN'));
  return [control.name, rolls ? 'yes' : 'no', ...cells, `${Math.round(100 * diverged)} %`];
}

const HEAD = ['control', 'rollback', ...RATES.map((rate) => rate.toExponential()), 'diverged'];

console.log(`Adam. The columns are initial learning rates; a number is the median over seeds of the
mean training loss in the last tenth of a run. Diverged: that is more than 1.2 times the run's first loss, or NaN.`);
for (const problem of PROBLEMS) {
  if (args.problem && !problem.name.startsWith(args.problem)) continue;
  const { steps, seeds } = quick
    ? { steps: 4, seeds: 1 }
    : { ...problem, ...(args.seeds && { seeds: Number(args.seeds) }) };
  const sized = { ...problem, steps };
  await selectBackend(problem.backend);
  const rows: string[][] = [];
  const begin = performance.now();
  for (const control of CONTROLS.filter(({ name }) => name.startsWith(args.control ?? ''))) {
    for (const rolls of [false, true]) {
      rows.push(await rowOf(sized, seeds, control, rolls));
      console.error(rows.at(-1)!.join('  '));
    }
  }
  console.error(`${problem.name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  console.log(
    `\n### ${problem.name}, ${problem.backend} backend: ${steps} steps, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}\n\n${table(HEAD, rows)}`,
  );
}
