/**
 * What observing costs a whole training step, by Cockpit's protocol: N steps without, N steps with, as a ratio of the
 * time a step, over ten seeds. Norms of every parameter at every step.
 *
 * A seed trains the same model twice, side by side: one is observed from its first step on, as people observe, and one
 * never is. They go on in turns, a block of steps each, so that a drift of the machine hits both.
 */
import type * as tf from '@tensorflow/tfjs';
import { parameterUpdates } from 'trainscope';
import { instrument } from 'trainscope/tfjs';
import { bertProblem } from './problems/bert.js';
import { cnnProblem } from './problems/cnn.js';
import { mlpProblem } from './problems/mlp.js';
import { quick } from './quick.js';
import { median, table } from './report.js';
import { tryBackend } from './try-backend.js';

/** A model, its optimizer and its data: one call of `step` is one update. */
export interface Problem {
  readonly optimizer: tf.Optimizer;
  readonly step: () => void;
  readonly dispose: () => void;
}

/** How much to measure: enough for the clock, little enough for a coffee. */
interface Plan {
  readonly seeds: number;
  /** Blocks of each training a seed. */
  readonly blocks: number;
  /** Steps a block. */
  readonly steps: number;
}

interface Case {
  readonly name: string;
  readonly make: (seed: number) => Promise<Problem>;
  readonly plans: Readonly<Record<Backend, Plan>>;
  readonly limit: number;
}

const BACKENDS = ['tensorflow', 'wasm', 'cpu'] as const;
type Backend = (typeof BACKENDS)[number];

const blocksOf = (steps: number): Plan => ({ seeds: 10, blocks: 15, steps });
/** The cpu backend takes seconds for a step of these. */
const SLOW: Plan = { seeds: 3, blocks: 2, steps: 1 };

const CASES: readonly Case[] = [
  {
    name: 'MLP, 4-64-64-3, batch 32',
    make: mlpProblem,
    plans: { tensorflow: blocksOf(40), wasm: blocksOf(40), cpu: blocksOf(10) },
    limit: 1.1,
  },
  {
    name: 'CNN on MNIST digits, batch 64',
    make: cnnProblem,
    plans: { tensorflow: blocksOf(2), wasm: blocksOf(2), cpu: SLOW },
    limit: 1.02,
  },
  {
    name: 'BERT 2 × 128, batch 16',
    make: bertProblem,
    plans: { tensorflow: blocksOf(1), wasm: blocksOf(1), cpu: SLOW },
    limit: 1.02,
  },
];

/** How much longer an observed step takes, a seed. */
async function overheadOf(make: Case['make'], { seeds, blocks, steps }: Plan): Promise<number[]> {
  const ratios: number[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const plain = await make(seed);
    const observed = await make(seed);
    const stop = observe(observed);
    const times = { plain: [] as number[], observed: [] as number[] };
    // The first block of each warms up.
    for (let block = 0; block <= blocks; block++) {
      const turns = [() => times.plain.push(time(plain, steps)), () => times.observed.push(time(observed, steps))];
      for (const turn of (seed + block) % 2 ? turns.reverse() : turns) turn();
    }
    ratios.push(median(times.observed.slice(1)) / median(times.plain.slice(1)));
    await stop();
    plain.dispose();
    observed.dispose();
  }
  return ratios;
}

/** Milliseconds a step. */
function time(problem: Problem, steps: number): number {
  const begin = performance.now();
  for (let i = 0; i < steps; i++) problem.step();
  return (performance.now() - begin) / steps;
}

/** Take the norms of every parameter at every step, from now on. */
function observe({ optimizer }: Problem): () => Promise<void> {
  const training = instrument(optimizer);
  let seen = 0;
  training.attach(training.events$.pipe(parameterUpdates()), (updates) => {
    seen += updates.columns.updateNorm.length;
  });
  return async () => {
    await training.close();
    if (seen === 0) throw new Error('nothing was observed');
  };
}

async function run(): Promise<string> {
  const rows: string[][] = [];
  for (const backend of BACKENDS) {
    if (!(await tryBackend(backend))) continue;
    for (const { name, make, plans, limit } of CASES) {
      const plan: Plan = quick ? { seeds: 1, blocks: 1, steps: 1 } : plans[backend];
      const ratios = await overheadOf(make, plan);
      rows.push([
        name,
        backend,
        `${plan.blocks * plan.steps}`,
        `${plan.seeds}`,
        median(ratios).toFixed(3),
        Math.min(...ratios).toFixed(3),
        Math.max(...ratios).toFixed(3),
        limit.toFixed(2),
      ]);
      console.error(rows.at(-1)?.join('  '));
    }
  }
  const head = ['training step', 'backend', 'N', 'seeds', 'observed / unobserved, median', 'least', 'most', 'at most'];
  return `${table(head, rows)}\n\nOn cpu a step of the CNN or of BERT takes seconds: few are measured, and their ratios are rough.`;
}

console.log(await run());
