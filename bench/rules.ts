/**
 * What all default rules together cost the main job: its BERT trained by wasm with and without them, in turns, ten seeds.
 * The measuring that they need, every parameter at every step, is part of it.
 */
import { defaultRules } from 'trainscope';
import { instrument, selectBackend } from 'trainscope/tfjs';
import { bertProblem } from './problems/bert.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const SEEDS = quick ? 1 : 10;
const STEPS = quick ? 2 : 6;

function time(step: () => void): number {
  const begin = performance.now();
  for (let i = 0; i < STEPS; i++) step();
  return (performance.now() - begin) / STEPS;
}

await selectBackend('wasm');
const ratios: number[] = [];
let alerts = 0;
for (let seed = 0; seed < SEEDS; seed++) {
  const problem = await bertProblem(seed);
  const timeJudged = () => {
    const training = instrument(problem.optimizer);
    training.report(training.events$.pipe(defaultRules()));
    training.events$.subscribe(({ type }) => {
      if (type === 'alert') alerts++;
    });
    const ms = time(problem.step);
    training.unhook();
    void training.close();
    return ms;
  };
  for (let i = 0; i < 2; i++) problem.step();
  const plain: number[] = [];
  const judged: number[] = [];
  for (let round = 0; round < 2; round++) {
    const timings = [() => plain.push(time(problem.step)), () => judged.push(timeJudged())];
    for (const timing of (seed + round) % 2 ? timings.reverse() : timings) timing();
  }
  ratios.push(Math.min(...judged) / Math.min(...plain));
  problem.dispose();
  console.error(ratios.at(-1)!.toFixed(3));
}

console.log(
  table(
    [
      'training step',
      'backend',
      `with all rules / without (median of ${SEEDS} seeds)`,
      'least',
      'most',
      'at most',
      'alerts',
    ],
    [
      [
        'BERT 2 × 128, batch 16',
        'wasm',
        median(ratios).toFixed(3),
        Math.min(...ratios).toFixed(3),
        Math.max(...ratios).toFixed(3),
        '1.03',
        String(alerts),
      ],
    ],
  ),
);
