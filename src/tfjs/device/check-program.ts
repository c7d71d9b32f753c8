import { keep, mul, type Tensor, type TypedArray, tensor, tidy } from '@tensorflow/tfjs-core';
import { moments, type SumsWith, scalarKernel, zeroSums } from '../../parameters/index.js';
import { addBlocks, FIELDS_OF } from './block-numbers.js';
import type { BlockProgram, BlockTask } from './block-task.js';

/** What a program made of values that are known: its numbers, case by case, and what there is to say against them. */
export interface ProgramCheck {
  readonly numbers: readonly Tensor[];
  /** Undefined where they are right. */
  wrongIn(numbers: readonly TypedArray[]): string | undefined;
}

const PARTS = ['norms', 'extremes', 'moments', 'gradients'] as const;
type Sums = SumsWith<(typeof PARTS)[number]>;
type Field = (typeof FIELDS_OF)[BlockTask['kind']][number];

/** What is documented is 1e-6: a device that is wrong is so by more. */
const TOLERANCE = 1e-5;

/** Of more elements than a block has, in rows and columns that no texture is filled by; a third does not change. */
const SHAPE = [17, 19];
const SIZE = 17 * 19;
const BEFORE = Float32Array.from({ length: SIZE }, (_, i) => Math.sin(i + 1) * 10 ** ((i % 7) - 3));
const AFTER = BEFORE.map((value, i) => (i % 3 === 0 ? value : Math.fround(value + Math.cos(i) / 100)));
/** Of a training that has failed. */
const SPOILED = AFTER.map((value, i) => (i === 100 ? Number.NaN : i === 200 ? Infinity : value));

const CASES: readonly (readonly [before: Float32Array, after: Float32Array])[] = [
  [BEFORE, AFTER],
  [BEFORE, SPOILED],
];

/** Run a program on values that are known, by one kind of task. */
export function checkProgram(program: BlockProgram, kind: BlockTask['kind']): ProgramCheck {
  return {
    // One after the other, since the same program does for both.
    numbers: CASES.map((pair) => tidy(() => keep(program([taskOf(kind, pair)]).numbers))),
    wrongIn: (read) => read.map((rows, at) => difference(kind, rows, CASES[at]!)).find((each) => each !== undefined),
  };
}

/** The tensors are as operations make them, as those of updates are. */
function taskOf(kind: BlockTask['kind'], pair: (typeof CASES)[number]): BlockTask {
  const tensors = pair.map((values) => mul(tensor(values.slice(), SHAPE), 1));
  return { kind, tensors: kind === 'squares' ? tensors.slice(1) : tensors };
}

function difference(kind: BlockTask['kind'], rows: TypedArray, pair: (typeof CASES)[number]): string | undefined {
  const found = zeroSums([SIZE], PARTS);
  addBlocks(kind, rows, found, 0);
  const expected = expectedOf(pair);
  for (const field of FIELDS_OF[kind]) {
    const [got, right] = [found[field][0]!, expected[field][0]!];
    if (!Object.is(got, right) && !(Math.abs(got - right) <= toleranceOf(field, expected))) {
      return `${field}: expected ${right}, got ${got}`;
    }
  }
  return undefined;
}

function expectedOf([before, after]: (typeof CASES)[number]): Sums {
  const sums = zeroSums([SIZE], PARTS);
  scalarKernel.update(before, after, sums, 0);
  moments(before, after, sums, 0);
  sums.gradientSquares[0] = scalarKernel.squares(after);
  return sums;
}

function toleranceOf(field: Field, sums: Sums): number {
  if (field === 'unchanged' || field === 'nonFinite') return 0;
  // Sums whose terms cancel out are as exact as their terms are.
  const terms = field === 'updateSum' ? 'updateAbs' : field === 'weightSum' ? 'weightAbs' : field;
  return TOLERANCE * Math.abs(sums[terms][0]!);
}
