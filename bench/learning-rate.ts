/**
 * What a suggested learning rate is worth: seven problems, with SGD and with Adam, each trained at the suggested rate and
 * at a grid of fixed ones.
 *
 * `tsx bench/learning-rate.ts [--quick] [--problem digits|…] [--seeds n]`
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { type LearningRateSuggestion, selectBackend, suggestLearningRate } from 'trainscope/tfjs';
import { PROBLEMS, type ProblemToLearn } from './problems/to-learn.js';
import { quick } from './quick.js';
import { tenthOfLowest, valley } from './range-test-rules.js';
import { table } from './report.js';

const { values: args } = parseArgs({
  options: { quick: { type: 'boolean' }, problem: { type: 'string' }, seeds: { type: 'string' } },
});

const SEEDS = quick ? 1 : Number(args.seeds ?? 2);

interface Optimizer {
  readonly name: string;
  readonly usual: number;
  readonly grid: readonly number[];
  readonly make: (rate: number) => tf.Optimizer;
}

/** By half decades. */
const between = (from: number, to: number) =>
  Array.from({ length: 2 * (to - from) + 1 }, (_, i) => 10 ** (from + i / 2));

const OPTIMIZERS: readonly Optimizer[] = [
  { name: 'SGD', usual: 1e-2, grid: quick ? [1e-2] : between(-3, 1), make: (rate) => tf.train.sgd(rate) },
  { name: 'Adam', usual: 1e-3, grid: quick ? [1e-3] : between(-4, 0), make: (rate) => tf.train.adam(rate) },
];

interface Trained {
  readonly first: number;
  /** The mean loss of the last tenth. */
  readonly final: number;
}

async function train(problem: ProblemToLearn, seed: number, optimizer: tf.Optimizer): Promise<Trained> {
  const learning = await problem.make(seed);
  const losses: number[] = [];
  while (losses.length < problem.steps && Number.isFinite(losses.at(-1) ?? 0)) {
    const step = losses.length;
    losses.push(tf.tidy(() => optimizer.minimize(() => learning.loss(step), true)!.dataSync()[0]!));
  }
  optimizer.dispose();
  learning.dispose();
  if (!Number.isFinite(losses.at(-1))) return { first: losses[0]!, final: Infinity };
  const last = losses.slice(-Math.max(1, Math.floor(problem.steps / 10)));
  return { first: losses[0]!, final: last.reduce((sum, loss) => sum + loss, 0) / last.length };
}

const PROBLEMS_FILE = new URL('./problems/to-learn.ts', import.meta.url);
const CACHE = new URL('../.cache/learning-rate/', import.meta.url);

/** The trainings at fixed rates do not depend on what is suggested: they are made once for these problems. */
async function trainOnce(
  problem: ProblemToLearn,
  seed: number,
  { name, make }: Optimizer,
  rate: number,
): Promise<Trained> {
  const problems = createHash('sha256').update(readFileSync(PROBLEMS_FILE)).digest('hex');
  const key = [problems, problem.name, problem.steps, name, seed, rate.toPrecision(3)].join('\n');
  const file = new URL(`${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`, CACHE);
  if (existsSync(file)) {
    const { first, final } = JSON.parse(readFileSync(file, 'utf8')) as { first: number; final: number | null };
    return { first, final: final ?? Infinity };
  }
  const trained = await train(problem, seed, make(rate));
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(file, JSON.stringify(trained));
  return trained;
}

async function suggest(
  problem: ProblemToLearn,
  seed: number,
  optimizer: tf.Optimizer,
): Promise<LearningRateSuggestion> {
  const learning = await problem.make(seed);
  const suggestion = await suggestLearningRate(optimizer, learning.loss, quick ? { steps: 20 } : {});
  optimizer.dispose();
  learning.dispose();
  return suggestion;
}

/** What one problem, optimizer and seed came to. Scores are of what the best of the grid has learned. */
interface Outcome {
  readonly name: string;
  readonly suggestion: LearningRateSuggestion;
  readonly score: number | undefined;
  readonly best: number;
  readonly usual: number;
  /** Of other rules, by name; between the rates of the grid, as a line on the logarithm goes. */
  readonly others: Readonly<Record<string, number>>;
}

async function outcomeOf(problem: ProblemToLearn, optimizer: Optimizer, seed: number): Promise<Outcome> {
  const { name, usual, grid, make } = optimizer;
  const runs: Trained[] = [];
  for (const rate of grid) runs.push(await trainOnce(problem, seed, optimizer, rate));
  const final = Math.min(...runs.map((run) => run.final));
  const scoreOf = (run: Trained) => Math.max(0, (run.first - run.final) / (run.first - final));
  const scores = runs.map(scoreOf);
  const suggestion = await suggest(problem, seed, make(usual));
  const interpolated = (rate: number) => interpolate(grid, scores, rate);
  return {
    name: `${problem.name.replace(/, \w+$/, '')}, ${name}`,
    suggestion,
    score: suggestion.found ? scoreOf(await train(problem, seed, make(suggestion.learningRate))) : undefined,
    best: grid[scores.indexOf(Math.max(...scores))]!,
    usual: interpolated(usual),
    others: {
      'a tenth of where the loss is lowest': interpolated(tenthOfLowest(suggestion.points)),
      'the longest valley': interpolated(valley(suggestion.points)),
      ...(suggestion.found && {
        'the same, each batch compared with itself: a fifth of the lowest': interpolated(suggestion.rates.lowest / 5),
        'updates of 3 % alone': interpolated(suggestion.rates.updateRatio),
      }),
    },
  };
}

function interpolate(grid: readonly number[], scores: readonly number[], rate: number): number {
  const above = grid.findIndex((each) => each >= rate);
  if (above <= 0) return above === 0 ? scores[0]! : scores.at(-1)!;
  const [low, high] = [grid[above - 1]!, grid[above]!];
  const share = Math.log(rate / low) / Math.log(high / low);
  return scores[above - 1]! + share * (scores[above]! - scores[above - 1]!);
}

const short = (rate: number) => String(Number(rate.toPrecision(2)));
const each = <T>(list: readonly T[], say: (one: T) => string) => list.map(say).join(', ');
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function row(outcomes: readonly Outcome[]): string[] {
  return [
    outcomes[0]!.name,
    each(outcomes, ({ suggestion }) => (suggestion.found ? short(suggestion.learningRate) : 'none')),
    each(outcomes, ({ best }) => short(best)),
    each(outcomes, ({ score }) => score?.toFixed(2) ?? '–'),
    each(outcomes, ({ usual }) => usual.toFixed(2)),
    each(outcomes, ({ suggestion }) => String(suggestion.points.length)),
  ];
}

const all: Outcome[][] = [];
for (const given of PROBLEMS) {
  if (!given.name.startsWith(args.problem ?? '')) continue;
  const problem = quick ? { ...given, steps: 6 } : given;
  await selectBackend(problem.backend);
  for (const optimizer of OPTIMIZERS) {
    const outcomes: Outcome[] = [];
    for (let seed = 0; seed < SEEDS; seed++) outcomes.push(await outcomeOf(problem, optimizer, seed));
    all.push(outcomes);
    console.error(row(outcomes).join('  '));
  }
}

const found = all.flat().filter(({ suggestion }) => suggestion.found);
const said = (name: string, scores: readonly number[]) => [
  name,
  mean(scores).toFixed(2),
  Math.min(...scores).toFixed(2),
  `${scores.filter((score) => score >= 0.95).length} of ${scores.length}`,
];
const rules = Object.keys(found[0]?.others ?? {});

console.log(`\`suggestLearningRate()\` by its defaults, and what a whole training at its rate comes to. A score is how far the loss
(mean of its last tenth) has come of the way that the best fixed rate of the grid goes (half decades, 1e-3…10 for SGD,
1e-4…1 for Adam): 1 is as good, 0 has learned nothing. The usual rate is 1e-2 for SGD and 1e-3 for Adam. ${SEEDS} seeds.

${table(['problem', 'suggested', 'best of the grid', 'score at the suggested', 'score at the usual', 'updates of the test'], all.map(row))}

Other rules on the same tests. Their scores lie between those of the grid's rates.

${table(
  ['rule', 'mean score', 'worst', '0.95 or more'],
  [
    said(
      '`suggestLearningRate()`',
      found.map(({ score }) => score!),
    ),
    ...rules.map((rule) =>
      said(
        rule,
        found.map(({ others }) => others[rule]!),
      ),
    ),
    said(
      'the usual rate',
      found.map(({ usual }) => usual),
    ),
  ],
)}`);
