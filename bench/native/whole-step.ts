import * as tf from '@tensorflow/tfjs';
import { DEFAULT_STATISTICS, parameterUpdates, type Statistic } from 'trainscope';
import { instrument } from 'trainscope/tfjs';
import { AdamW } from 'trainscope/trainer';
import { minilmProblem } from '../problems/bert.js';
import { quick } from '../quick.js';
import { median, table } from '../report.js';

const ROUNDS = quick ? 1 : 10;
/** The tutorial's way is so much dearer that few will do. */
const TUTORIAL_ROUNDS = quick ? 1 : 2;

/** Steps of one way in a row; the first is not timed: then memory lies as in a training that does so at every step. */
const STEPS = quick ? 2 : 6;

/** The sentences of a step; 16 is the tutorial's. */
const BATCH_SIZES = quick ? [8] : [8, 16];

const NORMS = ['updateNorm', 'weightNorm', 'updateRatio', 'gradientNorm'] as const;

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  'tf.train.adam': () => tf.train.adam(5e-5),
  'AdamW of trainscope/trainer': () => new AdamW({ learningRate: 5e-5, weightDecay: 0.01 }),
};

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
      'ms of the step in the observer',
      'all seven statistics / plain',
      'the tutorial’s way / plain',
      'which costs more than the norms (at least 5 ×)',
    ],
    rows,
  );
}

async function measure(batchSize: number, optimizer: tf.Optimizer): Promise<string[]> {
  const problem = await minilmProblem(1, optimizer, batchSize);
  const plain = () => medianTime(problem.step);
  const observing: number[] = [];
  const ours = compare(ROUNDS, {
    plain,
    norms: () => medianTimeObserved(optimizer, problem.step, NORMS, observing),
    all: () => medianTimeObserved(optimizer, problem.step, DEFAULT_STATISTICS),
  });
  const theirs = compare(TUTORIAL_ROUNDS, { plain, tutorial: () => medianTime(() => asTheTutorial(problem.step)) });
  problem.dispose();
  const [norms, all, tutorial] = [ours.ratio('norms'), ours.ratio('all'), theirs.ratio('tutorial')];
  // The cost of observing is what a ratio has above 1.
  const costs = `${((tutorial - 1) / Math.max(norms - 1, 1e-3)).toFixed(0)} ×`;
  return [
    ours.ms('plain').toFixed(0),
    norms.toFixed(3),
    median(observing).toFixed(1),
    all.toFixed(3),
    tutorial.toFixed(3),
    costs,
  ];
}

/** The ways in turns, so that a drift of the machine hits all of them, and each round begins with another. */
function compare<Way extends string>(rounds: number, ways: Readonly<Record<Way | 'plain', () => number>>) {
  const names = Object.keys(ways) as (Way | 'plain')[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length]!;
      times.get(name)!.push(ways[name]());
    }
  }
  const plain = times.get('plain')!;
  return {
    ms: (way: Way | 'plain') => median(times.get(way)!),
    /** Each against the plain steps of its round. */
    ratio: (way: Way) => median(times.get(way)!.map((ms, round) => ms / plain[round]!)),
  };
}

function medianTime(step: () => void): number {
  const times: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const begin = performance.now();
    step();
    if (i > 0) times.push(performance.now() - begin);
  }
  return median(times);
}

function medianTimeObserved(
  optimizer: tf.Optimizer,
  step: () => void,
  statistics: readonly Statistic[],
  observing: number[] = [],
): number {
  const training = instrument(optimizer);
  let seen = 0;
  training.attach(training.events$.pipe(parameterUpdates({ statistics })), ({ names }) => {
    seen += names.length;
  });
  training.attach(training.events$, (event) => {
    if (event.type === 'step-end') observing.push(event.observingMs);
  });
  const ms = medianTime(step);
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
