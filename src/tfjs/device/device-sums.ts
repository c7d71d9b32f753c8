import { getBackend, type Tensor, type TypedArray } from '@tensorflow/tfjs-core';
import { type MaybePromise, SUM_FIELDS, type SumsPart, type UpdateSums, zeroSums } from '../../parameters/index.js';
import type { Compared } from '../compared.js';
import { share } from '../held-tensors.js';
import { hostSums } from '../host-sums.js';
import { addBlocks, type BlockSums, FIELDS_OF } from './block-numbers.js';
import type { BlockProgram, BlockRows, BlockTask } from './block-task.js';
import { checkedProgram } from './checked-program.js';
import { orLost } from './or-lost.js';
import { readLater, readNow } from './read.js';
import { untilChecked } from './until-checked.js';

type ScalarPart = keyof typeof SUM_FIELDS;

/** A task, and which parameter it is of. */
interface ParameterTask extends BlockTask {
  readonly at: number;
}

/**
 * The sums of a step whose values are on a device: by programs of our own, whose numbers are read together, without
 * waiting, unless they are asked for at once. What no program takes, and what is read anyway for histograms, is read, and
 * passed over by the host's kernel.
 */
export function deviceSums(
  parameters: readonly Compared[],
  parts: readonly SumsPart[],
  atOnce: boolean,
): MaybePromise<UpdateSums> {
  const { program, isRight } = programFor(parameters, parts);
  const sums = sumsBy(program, parameters, parts, atOnce);
  if (isRight === true || !(sums instanceof Promise)) return sums;
  return untilChecked(isRight, parameters, sums, async (held) => sumsBy(undefined, held, parts, false));
}

/** Programs where there are any for this, and they are right, or may be. */
function programFor(
  parameters: readonly Compared[],
  parts: readonly SumsPart[],
): { readonly program?: BlockProgram; readonly isRight: true | Promise<boolean> } {
  const checked = checkedProgram();
  const isRight = checked?.isRight(new Set(tasksOf(parameters, parts).map(({ kind }) => kind))) ?? false;
  return checked && isRight !== false ? { program: checked.program, isRight } : { isRight: true };
}

function sumsBy(
  program: BlockProgram | undefined,
  parameters: readonly Compared[],
  parts: readonly SumsPart[],
  atOnce: boolean,
): MaybePromise<UpdateSums> {
  const tasks = program ? tasksOf(parameters, parts) : [];
  const rows = tasks.length > 0 ? program!(tasks) : undefined;
  const values = holdValues(parameters, parts, tasks);
  const finish = (numbers?: TypedArray) => {
    const sums = hostSums(values.parameters, parts);
    return rows ? withBlocks(sums, parameters, tasks, rows, numbers as Float32Array) : sums;
  };
  const letGo = () => {
    for (const tensor of values.held) tensor.dispose();
  };
  // The blocking read of WebGPU, by way of a canvas, does not work everywhere.
  if (!atOnce || getBackend() === 'webgpu') {
    const reads = Promise.all([rows && readLater(rows.numbers), ...values.held.map((tensor) => orLost(tensor.data()))]);
    return reads.then(([numbers]) => finish(numbers)).finally(letGo);
  }
  try {
    return finish(rows && readNow(rows.numbers));
  } finally {
    letGo();
  }
}

/** Σx² of each tensor on a device, as exactly as all sums, whatever their size. */
export async function deviceSquares(tensors: readonly Tensor[]): Promise<readonly number[]> {
  const parameters = tensors.map((gradient): Compared => {
    return { name: '', size: gradient.size, before: undefined, after: undefined, gradient };
  });
  const { gradientSquares } = await deviceSums(parameters, ['gradients'], false);
  return Array.from(gradientSquares!);
}

function tasksOf(parameters: readonly Compared[], parts: readonly SumsPart[]): ParameterTask[] {
  const tasks: ParameterTask[] = [];
  const add = (kind: BlockTask['kind'], at: number, ...tensors: readonly Tensor[]) => {
    if (tensors.every(({ dtype, size }) => dtype === 'float32' && size > 0)) tasks.push({ kind, at, tensors });
  };
  const asks = (...some: readonly SumsPart[]) => some.some((part) => parts.includes(part));
  parameters.forEach(({ before, after, gradient }, at) => {
    if (before && after && !asks('update-histogram')) {
      if (asks('norms', 'extremes')) add('update', at, before, after);
      if (asks('moments')) add('moments', at, before, after);
    }
    if (gradient && gradient !== 'disposed' && asks('gradients') && !asks('gradient-histogram')) {
      add('squares', at, gradient);
    }
  });
  return tasks;
}

/** What is not left to programs: held until it has been read, since the step will be over. */
function holdValues(parameters: readonly Compared[], parts: readonly SumsPart[], tasks: readonly ParameterTask[]) {
  const held: Tensor[] = [];
  const hold = (tensor: Tensor | undefined): Tensor | undefined => {
    if (!tensor) return undefined;
    const shared = share(tensor);
    held.push(shared);
    return shared;
  };
  const pairs = new Set(tasks.filter(({ kind }) => kind !== 'squares').map(({ at }) => at));
  const gradients = new Set(tasks.filter(({ kind }) => kind === 'squares').map(({ at }) => at));
  const asksOfPair = parts.some(
    (part) => part !== 'gradients' && part !== 'gradient-histogram' && part !== 'weight-histogram',
  );
  const asksOfGradient = parts.includes('gradients') || parts.includes('gradient-histogram');
  const list = parameters.map(({ name, size, before, after, gradient }, at): Compared => {
    const readsPair = asksOfPair && before !== undefined && !pairs.has(at);
    const readsGradient = asksOfGradient && !gradients.has(at);
    return {
      name,
      size,
      before: readsPair ? hold(before) : undefined,
      after: readsPair || parts.includes('weight-histogram') ? hold(after) : undefined,
      gradient: readsGradient ? (gradient === 'disposed' ? gradient : hold(gradient)) : undefined,
    };
  });
  return { held, parameters: list };
}

/** Sums with what the programs found in place of what was not read. */
function withBlocks(
  sums: UpdateSums,
  parameters: readonly Compared[],
  tasks: readonly ParameterTask[],
  { spans }: BlockRows,
  numbers: Float32Array,
): UpdateSums {
  const found = zeroSums(
    parameters.map(({ size }) => size),
    Object.keys(SUM_FIELDS) as ScalarPart[],
  ) as BlockSums;
  tasks.forEach(({ kind, at }, i) => {
    const { from, rows } = spans[i]!;
    addBlocks(kind, numbers.subarray(4 * from, 4 * (from + rows)), found, at);
    for (const field of FIELDS_OF[kind]) if (sums[field]) sums[field][at] = found[field][at]!;
  });
  return sums;
}
