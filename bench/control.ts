/**
 * Does control do harm, and does it help? Seven problems, first rates from 1e-4 to 1, five seeds: what becomes of the runs
 * that are good without it, and of those that are bad, when a control steers them, by its defaults.
 *
 * `tsx bench/control.ts [--quick] [--problem digits|…] [--control rollback|…] [--seeds n] [--runs file]`
 *
 * Runs are kept in the file, and not repeated: so several processes share the work, and what was interrupted goes on.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import {
  defaultRules,
  ofType,
  parameterUpdates,
  reduceOnPlateau,
  rollback,
  steerUpdateRatio,
  stopOnAlert,
  warmRestart,
} from 'trainscope';
import { instrument, selectBackend, type Training } from 'trainscope/tfjs';
import { setLearningRate } from '../src/tfjs/learning-rate.js';
import { PROBLEMS, type ProblemToLearn } from './problems/to-learn.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    problem: { type: 'string' },
    control: { type: 'string', multiple: true },
    seeds: { type: 'string' },
    runs: { type: 'string' },
  },
});

const RATES = quick ? [1e-3, 1] : [1e-4, 1e-3, 1e-2, 1e-1, 1];
const SEEDS = quick ? 1 : Number(args.seeds ?? 5);
/** Of the way from the loss of a run's first state to that of the best fixed rate: as far, or farther, is good. */
const GOOD = 0.95;
const BAD = 0.8;
/** Less is no difference. */
const DIFFERENCE = 0.05;
/** Where no rate learns, this share of the first loss is the way: none of them is good. */
const LEAST_WAY = 0.05;

interface Control {
  readonly name: string;
  readonly steer?: (training: Training, steps: number) => void;
  /** The rate of a step, as a share of the initial one. */
  readonly schedule?: (step: number, steps: number) => number;
  /** What its runs are compared with, by name. Default: the fixed rate. */
  readonly on?: string;
}

const cosine = (step: number, steps: number) => (1 + Math.cos((Math.PI * step) / steps)) / 2;

function steerByRatio(training: Training): void {
  const updates$ = training.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
  training.steer(merge(updates$, training.events$).pipe(steerUpdateRatio()));
}

function rollBack(training: Training): void {
  training.report(training.events$.pipe(defaultRules()));
  training.steer(training.events$.pipe(rollback()));
}

const CONTROLS: readonly Control[] = [
  { name: 'steerUpdateRatio', steer: steerByRatio },
  { name: 'cosine', schedule: cosine },
  { name: 'steerUpdateRatio, on a cosine', schedule: cosine, steer: steerByRatio, on: 'cosine' },
  { name: 'rollback', steer: rollBack },
  {
    name: 'steerUpdateRatio, rollback',
    steer: (training) => {
      rollBack(training);
      steerByRatio(training);
    },
  },
  { name: 'reduceOnPlateau', steer: (training) => training.steer(training.events$.pipe(reduceOnPlateau())) },
  {
    name: 'warmRestart',
    steer: (training, steps) =>
      training.steer(training.events$.pipe(warmRestart({ period: Math.max(1, Math.floor(steps / 5)) }))),
  },
  {
    name: 'stopOnAlert',
    steer: (training) => {
      training.report(training.events$.pipe(defaultRules()));
      training.steer(training.events$.pipe(ofType('alert'), stopOnAlert()));
    },
  },
];

interface Run {
  readonly first: number;
  /** The mean loss of the last tenth. */
  readonly final: number;
}

/** What was run before, by problem, control, rate and seed; JSON has no Infinity. */
const kept = new Map<string, Run>();
if (args.runs && existsSync(args.runs)) {
  for (const line of readFileSync(args.runs, 'utf8').trim().split('\n')) {
    const [key, first, final] = JSON.parse(line) as [string, number, number | null];
    kept.set(key, { first, final: final ?? Infinity });
  }
}

async function keptRun(problem: ProblemToLearn, seed: number, rate: number, control: Control): Promise<Run> {
  const key = [problem.name, control.name, rate, seed].join('; ');
  const known = kept.get(key);
  if (known) return known;
  const made = await run(problem, seed, rate, control);
  if (args.runs) appendFileSync(args.runs, `${JSON.stringify([key, made.first, made.final])}\n`);
  return made;
}

/** One run from its first state. A run that is stopped is as good as it was then. */
async function run(problem: ProblemToLearn, seed: number, rate: number, control: Control): Promise<Run> {
  const { steps } = problem;
  const learning = await problem.make(seed);
  const optimizer = problem.optimizer(rate);
  const training = control.steer && instrument(optimizer, { plan: { numEpochs: 1, stepsPerEpoch: steps } });
  if (training) control.steer?.(training, steps);
  const losses: number[] = [];
  for (let step = 0; step < steps && !training?.stopRequested; step++) {
    if (control.schedule) setLearningRate(optimizer, rate * control.schedule(step, steps));
    losses.push(tf.tidy(() => optimizer.minimize(() => learning.loss(step), true)!.dataSync()[0]!));
  }
  await training?.close();
  optimizer.dispose();
  learning.dispose();
  const last = losses.slice(-Math.max(1, Math.floor(steps / 10)));
  const final = last.reduce((sum, value) => sum + value, 0) / last.length;
  return { first: losses[0]!, final: Number.isNaN(final) ? Infinity : final };
}

/** By rate, and by seed. */
type Runs = readonly (readonly Run[])[];
type Outcomes = readonly (readonly number[])[];

async function runsOf(problem: ProblemToLearn, control: Control): Promise<Runs> {
  const byRate: Run[][] = [];
  for (const rate of RATES) {
    const runs: Run[] = [];
    for (let seed = 0; seed < SEEDS; seed++) runs.push(await keptRun(problem, seed, rate, control));
    byRate.push(runs);
  }
  return byRate;
}

/** How far each run has come of the way that the best rate of what it is compared with goes, by seed: 0 has learned nothing. */
function scoresOf(runs: Runs, compared: Runs): Outcomes {
  const ways = compared[0]!.map(({ first }, seed) =>
    Math.max(LEAST_WAY * first, ...compared.map((seeds) => first - seeds[seed]!.final)),
  );
  return runs.map((seeds) => seeds.map(({ first, final }, seed) => Math.max(0, (first - final) / ways[seed]!)));
}

interface Judged {
  /** Without the control. */
  readonly plain: Outcomes;
  readonly steered: Outcomes;
}

/** What a control makes of runs: counts, as a row. */
function judge(name: string, problems: readonly Judged[]): string[] {
  const pairs = problems.flatMap(({ plain, steered }) =>
    plain.flatMap((seeds, rate) => seeds.map((was, seed) => [was, steered[rate]![seed]!] as const)),
  );
  const good = pairs.filter(([was]) => was >= GOOD);
  const bad = pairs.filter(([was]) => was < BAD);
  const worse = good.filter(([was, is]) => is < was - DIFFERENCE).length;
  const better = bad.filter(([was, is]) => is > was + DIFFERENCE).length;
  const worseBad = bad.filter(([was, is]) => is < was - DIFFERENCE).length;
  const gap = bad.map(([was, is]) => (is - was) / (1 - was));
  const byRate = RATES.map((_, rate) => median(problems.flatMap(({ steered }) => steered[rate]!)));
  return [
    name,
    `${worse} of ${good.length}`,
    `${better} of ${bad.length}`,
    `${worseBad}`,
    bad.length > 0 ? `${Math.round(100 * median(gap))} %` : '–',
    ...byRate.map((score) => score.toFixed(2)),
  ];
}

const HEAD = [
  'control',
  'good runs made worse',
  'bad runs made better',
  'worse',
  'of the gap',
  ...RATES.map((rate) => `from ${rate.toExponential()}`),
];

console.log(`A run's score is how far its loss (mean of its last tenth) has come of the way from that of its first state
to that of the best fixed rate, by problem and seed: 1 is as good, 0 has learned nothing. Good: a fixed rate with ${GOOD} or more; bad: with
less than ${BAD}. What steers on a cosine is compared with cosines alone in the same way, the best of which is 1. Worse and better: by more than ${DIFFERENCE}. Of the gap: how much of what bad runs lack the control makes up for, in the
median. The last columns are the median scores by the first rate. ${SEEDS} seeds.`);

const fixed: Control = { name: 'fixed rate' };
const asked = CONTROLS.filter(({ name }) => args.control?.includes(name) ?? true);
const controls = CONTROLS.filter((control) => asked.includes(control) || asked.some(({ on }) => on === control.name));
const judged = new Map<string, Judged[]>();
const perProblem: string[][] = [];
for (const given of PROBLEMS) {
  if (!given.name.startsWith(args.problem ?? '')) continue;
  const problem = quick ? { ...given, steps: 6 } : given;
  await selectBackend(problem.backend);
  const begin = performance.now();
  const runs = new Map<string, Runs>();
  for (const control of [fixed, ...controls]) {
    const { name, on = fixed.name } = control;
    runs.set(name, await runsOf(problem, control));
    const steered = scoresOf(runs.get(name)!, runs.get(on)!);
    judged.set(name, [...(judged.get(name) ?? []), { plain: scoresOf(runs.get(on)!, runs.get(on)!), steered }]);
    perProblem.push([problem.name, name, ...steered.map((seeds) => median(seeds).toFixed(2))]);
    console.error(perProblem.at(-1)!.join('  '));
  }
  console.error(`${problem.name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}
console.log(
  `\n${table(
    HEAD,
    [...judged].map(([name, problems]) => judge(name, problems)),
  )}`,
);
console.log(`\n${table(['problem', 'control', ...RATES.map((rate) => `from ${rate.toExponential()}`)], perProblem)}`);
