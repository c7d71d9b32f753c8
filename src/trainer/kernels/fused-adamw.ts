import { kernelModule, type StepSums } from '../../parameters/index.js';
import { ADAMW_KERNEL } from './adamw-kernel.wasm.js';

/** The numbers of one AdamW update, the same for every element of a parameter. */
export interface AdamWCoefficients {
  /** 1 − learning rate · weight decay. */
  readonly keep: number;
  readonly beta1: number;
  readonly beta2: number;
  /** The learning rate over 1 − beta1^step. */
  readonly stepSize: number;
  /** √(1 − beta2^step). */
  readonly rootCorrection: number;
  readonly epsilon: number;
}

/** One parameter's values. `first`, `second` and `next` are written. */
export interface AdamWValues {
  readonly weights: Float32Array;
  readonly gradients: Float32Array;
  /** The running mean of the gradients. */
  readonly first: Float32Array;
  /** The running mean of their squares. */
  readonly second: Float32Array;
  /** Where the new weights go. */
  readonly next: Float32Array;
}

interface Exports {
  readonly updateSquares: WebAssembly.Global<'f64'>;
  readonly weightSquares: WebAssembly.Global<'f64'>;
  readonly gradientSquares: WebAssembly.Global<'f64'>;
  readonly maxAbsUpdate: WebAssembly.Global<'f64'>;
  readonly unchanged: WebAssembly.Global<'f64'>;
  readonly nonFinite: WebAssembly.Global<'f64'>;
  reset(): void;
  adamw(...args: readonly number[]): void;
}

/** Elements that go through the scratch memory at a time: five blocks of 16 KB. */
const SCRATCH_ELEMENTS = 4096;
const SCRATCH_BLOCKS = 5;
const WASM_PAGE_BYTES = 65_536;

/**
 * Makes an update and says what it was.
 *
 * @throws RangeError for values of different lengths, before anything is written.
 */
export type FusedAdamW = (values: AdamWValues, coefficients: AdamWCoefficients) => StepSums;

/**
 * AdamW in WebAssembly SIMD, or undefined where the machine has none.
 *
 * Values that lie in `memory` are used where they are; others go in blocks through a small scratch memory.
 */
export function fusedAdamW(memory?: WebAssembly.Memory): FusedAdamW | undefined {
  const module = kernelModule(ADAMW_KERNEL);
  if (!module) return undefined;
  return memory ? inPlace(module, memory) : throughScratch(module);
}

function inPlace(module: WebAssembly.Module, memory: WebAssembly.Memory): FusedAdamW {
  const kernel = instantiate(module, memory);
  return (values, coefficients) => {
    checkLengths(values);
    const { weights, gradients, first, second, next } = values;
    const places = [weights, gradients, first, second, next].map((one) => placeIn(memory, one));
    kernel.reset();
    kernel.adamw(...places, next.length, ...scalarsOf(coefficients));
    return sumsOf(kernel);
  };
}

function throughScratch(module: WebAssembly.Module): FusedAdamW {
  const bytes = SCRATCH_BLOCKS * SCRATCH_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) });
  const kernel = instantiate(module, memory);
  const blocks = Array.from(
    { length: SCRATCH_BLOCKS },
    (_, i) => new Float32Array(memory.buffer, i * SCRATCH_ELEMENTS * Float32Array.BYTES_PER_ELEMENT, SCRATCH_ELEMENTS),
  );
  const offsets = blocks.map(({ byteOffset }) => byteOffset);
  return (values, coefficients) => {
    checkLengths(values);
    const { weights, gradients, first, second, next } = values;
    kernel.reset();
    const read = [weights, gradients, first, second];
    const numbers = scalarsOf(coefficients);
    for (let begin = 0; begin < next.length; begin += SCRATCH_ELEMENTS) {
      const end = Math.min(begin + SCRATCH_ELEMENTS, next.length);
      read.forEach((one, i) => {
        blocks[i]!.set(one.subarray(begin, end));
      });
      kernel.adamw(...offsets, end - begin, ...numbers);
      [first, second, next].forEach((one, i) => {
        one.set(blocks[i + 2]!.subarray(0, end - begin), begin);
      });
    }
    return sumsOf(kernel);
  };
}

/** The kernel goes by one length: past the end of a shorter array it would write over whatever lies there. */
function checkLengths(values: AdamWValues): void {
  const { length } = values.weights;
  for (const [name, { length: other }] of Object.entries(values)) {
    if (other !== length) throw new RangeError(`${name}: expected ${length} values, as the weights have, got ${other}`);
  }
}

/** Where an array begins in the kernel's memory; an empty one lies nowhere, and is not read. */
function placeIn(memory: WebAssembly.Memory, { buffer, byteOffset, length }: Float32Array): number {
  if (length > 0 && buffer !== memory.buffer) {
    throw new RangeError('values: expected them in the memory of the kernel, got another; give views of it');
  }
  return byteOffset;
}

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}

/** In the order in which kernels take them. */
export function scalarsOf({ keep, beta1, beta2, stepSize, rootCorrection, epsilon }: AdamWCoefficients): number[] {
  return [keep, beta2, 1 - beta1, 1 - beta2, stepSize, rootCorrection, epsilon];
}

function sumsOf(kernel: Exports): StepSums {
  return {
    updateSquares: kernel.updateSquares.value,
    weightSquares: kernel.weightSquares.value,
    gradientSquares: kernel.gradientSquares.value,
    maxAbsUpdate: kernel.maxAbsUpdate.value,
    unchanged: kernel.unchanged.value,
    nonFinite: kernel.nonFinite.value,
  };
}
