import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const WORLD = 3;
/** The share of the elements that are known where a part of `w` is not. */
export const ONLY_B = 1 - 12 / 14;

export const rankFile = (folder: string, rank: number) =>
  join(folder, rank === 0 ? 'bert.jsonl' : `bert.rank${rank}.jsonl`);

export const linesOf = (records: readonly object[]) =>
  records.map((record) => `${JSON.stringify({ v: 2, ...record })}\n`).join('');

/** As the Python client begins: `w` is sharded over all ranks, `b` the same in each. */
export const beginning = (rank: number, more: object = {}): readonly object[] => [
  {
    type: 'session',
    session: `s${rank}`,
    run: 'bert',
    rank,
    world: WORLD,
    launch: 'here:29500',
    client: 'test',
    ...more,
  },
  { type: 'train-begin', run: 'bert', step: 0, epoch: 0, time: 1_000, maxSteps: 9 },
  {
    type: 'parameters',
    id: 0,
    names: ['w', 'b'],
    sizes: [4, 2],
    shapes: [[WORLD * 4], [2]],
    placements: [[rank, WORLD], 'replicated'],
  },
];

export function step(rank: number, step: number): readonly object[] {
  const at = { run: 'bert', step, epoch: step / 10, time: 1_000 + 100 * step };
  const sums = {
    updateSquares: [(rank + 1) * step, 0.25],
    weightSquares: [4 * step, 25],
    gradientSquares: [16, 9],
    maxAbsUpdate: [0.1 * rank, 0.5],
    nonFinite: 0,
    unchanged: [1, 0],
  };
  return [
    { type: 'parameter-sums', ...at, parameters: 0, sums, forwardMs: 10 + rank },
    { type: 'step-end', ...at, loss: 1 / step, learningRate: 0.1, durationMs: 90, examples: 8, observingMs: 1 },
    ...(rank === 0 ? [{ type: 'log', ...at, metrics: { step } }] : []),
  ];
}

export const end = (last: number) => ({
  type: 'train-end',
  run: 'bert',
  step: last,
  epoch: 1,
  time: 9_000,
  status: 'completed',
});

export const steps = (rank: number, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => step(rank, from + i)).flat();

/** The files of a run of so many steps, as three ranks of Python write them. */
export function writeRanks(folder: string, last: number): void {
  for (let rank = 0; rank < WORLD; rank++) {
    writeFileSync(rankFile(folder, rank), linesOf([...beginning(rank), ...steps(rank, 1, last), end(last)]));
  }
}
