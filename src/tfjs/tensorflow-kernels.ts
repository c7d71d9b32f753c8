import { scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { PassedSums } from '../parameters/index.js';
import { type OperationAttribute, type TensorflowBackend, tensorflowBackend } from './tensorflow-backend.js';

/** How many numbers a kernel gives of one update. */
export const UPDATE_SUMS = 5;

const haveKernels = new WeakMap<TensorflowBackend, boolean>();

/**
 * The tensorflow backend where it is in use with trainscope's own kernels (src/native): `npx trainscope native` compiles
 * them into the addon of tfjs-node. They read and write float32 tensors where they lie, on all cores.
 */
export function tensorflowWithKernels(): TensorflowBackend | undefined {
  const owner = tensorflowBackend();
  if (!owner || owner.isUsingGpuDevice) return undefined;
  let has = haveKernels.get(owner);
  if (has === undefined) {
    has = answers(owner);
    haveKernels.set(owner, has);
  }
  return has ? owner : undefined;
}

/** The sums of one update of each parameter, in one pass. Float64 throughout. */
export function kernelUpdateSums(
  owner: TensorflowBackend,
  before: readonly Tensor[],
  after: readonly Tensor[],
): PassedSums[] {
  const sums = readSums(() => run(owner, 'TrainscopeUpdateSums', [...before, ...after], before.length));
  return before.map((_, i) => updateSumsAt(sums, i * UPDATE_SUMS));
}

/** Σx² of each tensor. */
export function kernelSumsOfSquares(owner: TensorflowBackend, tensors: readonly Tensor[]): number[] {
  return Array.from(readSums(() => run(owner, 'TrainscopeSumOfSquares', tensors, tensors.length)));
}

/** Numbers that a kernel found: float64, given as the two int32 of each, since TensorFlow.js knows no float64. */
export function float64In(tensor: Tensor): Float64Array {
  return new Float64Array(tensor.dataSync<'int32'>().slice().buffer);
}

/** The numbers of one update, from a place on, in the kernels' order. */
export function updateSumsAt(numbers: Float64Array, at: number): PassedSums {
  return {
    updateSquares: numbers[at]!,
    weightSquares: numbers[at + 1]!,
    maxAbsUpdate: numbers[at + 2]!,
    unchanged: numbers[at + 3]!,
    nonFinite: numbers[at + 4]!,
  };
}

function readSums(make: () => Tensor): Float64Array {
  let sums: Float64Array = new Float64Array();
  tidy(() => {
    sums = float64In(make());
  });
  return sums;
}

function run(owner: TensorflowBackend, name: string, inputs: readonly Tensor[], count: number): Tensor {
  const attributes: OperationAttribute[] = [{ name: 'N', type: owner.binding.TF_ATTR_INT, value: count }];
  return owner.executeMultipleOutputs(name, attributes, inputs, 1)[0]!;
}

function answers(owner: TensorflowBackend): boolean {
  try {
    return tidy(() => kernelSumsOfSquares(owner, [scalar(2)])[0] === 4);
  } catch {
    return false;
  }
}
