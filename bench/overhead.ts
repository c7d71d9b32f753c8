/**
 * What observing costs a whole training step, by Cockpit's protocol: N steps without, N steps with, as a ratio of the
 * time a step, over ten seeds. Norms of every parameter at every step.
 */
import type * as tf from '@tensorflow/tfjs';
import { instrument, parameterUpdates } from 'trainscope';
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

interface Case {
  readonly name: string;
  readonly make: (seed: number) => Promise<Problem>;
  /** Steps a measurement, by backend: enough for the clock and the compiler, few enough for a coffee. */
  readonly steps: Readonly<Record<string, number>>;
  readonly limit: number;
}

const CASES: readonly Case[] = [
  { name: 'MLP, 4-64-64-3, batch 32', make: mlpProblem, steps: { cpu: 300, wasm: 1000, tensorflow: 1000 }, limit: 1.1 },
  { name: 'CNN on MNIST digits, batch 64', make: cnnProblem, steps: { cpu: 2, wasm: 15, tensorflow: 15 }, limit: 1.02 },
  { name: 'BERT 2 × 128, batch 16', make: bertProblem, steps: { wasm: 6, tensorflow: 10 }, limit: 1.02 },
];

const BACKEND_NAMES = ['tensorflow', 'wasm', 'cpu'] as const;
const SEEDS = quick ? 1 : 10;

/** Time one problem with and without the observer, in turns, so that a drift of the machine hits both. */
async function overheadOf({ make, steps }: Case, backend: string): Promise<number[]> {
  const n = quick ? 2 : (steps[backend] ?? 0);
  const ratios: number[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const problem = await make(seed);
    for (let i = 0; i < 2; i++) problem.step();
    const plain: number[] = [];
    const observed: number[] = [];
    for (let round = 0; round < 2; round++) {
      const timings = [() => plain.push(time(problem, n)), () => observed.push(timeObserved(problem, n))];
      for (const timing of (seed + round) % 2 ? timings.reverse() : timings) timing();
    }
    ratios.push(Math.min(...observed) / Math.min(...plain));
    problem.dispose();
  }
  return ratios;
}

function time(problem: Problem, steps: number): number {
  const begin = performance.now();
  for (let i = 0; i < steps; i++) problem.step();
  return (performance.now() - begin) / steps;
}

function timeObserved(problem: Problem, steps: number): number {
  const training = instrument(problem.optimizer);
  let seen = 0;
  training.attach(training.events$.pipe(parameterUpdates()), (updates) => {
    seen += updates.columns.updateNorm.length;
  });
  const ms = time(problem, steps);
  training.unhook();
  void training.close();
  if (seen === 0) throw new Error('nothing was observed');
  return ms;
}

async function run(): Promise<string> {
  const rows: string[][] = [];
  for (const backend of BACKEND_NAMES) {
    if (!(await tryBackend(backend))) continue;
    for (const problem of CASES) {
      if (!problem.steps[backend]) continue;
      const ratios = await overheadOf(problem, backend);
      rows.push([
        problem.name,
        backend,
        median(ratios).toFixed(3),
        Math.min(...ratios).toFixed(3),
        Math.max(...ratios).toFixed(3),
        problem.limit.toFixed(2),
      ]);
      console.error(rows.at(-1)?.join('  '));
    }
  }
  return table(
    ['training step', 'backend', 'observed / unobserved (median of 10 seeds)', 'least', 'most', 'at most'],
    rows,
  );
}

console.log(await run());
