import { checkLengths, type Kernel, type PassSums, type Values } from './kernel.js';
import { kernelModule } from './kernel-module.js';
import { scalarKernel } from './scalar-kernel.js';
import { UPDATE_KERNEL } from './update-kernel.wasm.js';

interface Exports {
  readonly updateSquares: WebAssembly.Global<'f64'>;
  readonly weightSquares: WebAssembly.Global<'f64'>;
  readonly maxAbsUpdate: WebAssembly.Global<'f64'>;
  readonly unchanged: WebAssembly.Global<'f64'>;
  readonly nonFinite: WebAssembly.Global<'f64'>;
  reset(): void;
  update(before: number, after: number, length: number): void;
  squares(values: number, length: number): number;
}

/** Elements that go through the scratch memory at a time: both blocks stay in the second-level cache. */
const SCRATCH_ELEMENTS = 32_768;

/**
 * The kernel in WebAssembly SIMD, or undefined where the machine has none.
 *
 * Values that lie in `memory` are read where they are; others are copied in blocks through a small scratch memory.
 */
export function simdKernel(memory?: WebAssembly.Memory): Kernel | undefined {
  const module = kernelModule(UPDATE_KERNEL);
  return module ? new SimdKernel(module, memory) : undefined;
}

class SimdKernel implements Kernel {
  readonly name = 'simd';
  readonly #inPlace: { readonly memory: WebAssembly.Memory; readonly exports: Exports } | undefined;
  readonly #scratch: Exports;
  readonly #first: Float32Array;
  readonly #second: Float32Array;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory | undefined) {
    const instantiate = (env: WebAssembly.Memory) =>
      new WebAssembly.Instance(module, { env: { memory: env } }).exports as unknown as Exports;
    const scratch = new WebAssembly.Memory({ initial: (2 * 4 * SCRATCH_ELEMENTS) / 65_536 });
    this.#scratch = instantiate(scratch);
    this.#first = new Float32Array(scratch.buffer, 0, SCRATCH_ELEMENTS);
    this.#second = new Float32Array(scratch.buffer, 4 * SCRATCH_ELEMENTS, SCRATCH_ELEMENTS);
    this.#inPlace = memory && { memory, exports: instantiate(memory) };
  }

  update(before: Values, after: Values, into: PassSums, at: number): void {
    checkLengths(before, after);
    if (!(before instanceof Float32Array) || !(after instanceof Float32Array)) {
      scalarKernel.update(before, after, into, at);
      return;
    }
    if (this.#inPlace && this.#liesIn(before) && this.#liesIn(after)) {
      const { exports } = this.#inPlace;
      exports.reset();
      exports.update(before.byteOffset, after.byteOffset, after.length);
      writeSums(exports, into, at);
      return;
    }
    this.#scratch.reset();
    for (let i = 0; i < after.length; i += SCRATCH_ELEMENTS) {
      const length = Math.min(SCRATCH_ELEMENTS, after.length - i);
      this.#first.set(block(before, i, length));
      this.#second.set(block(after, i, length));
      this.#scratch.update(this.#first.byteOffset, this.#second.byteOffset, length);
    }
    writeSums(this.#scratch, into, at);
  }

  squares(values: Values): number {
    if (!(values instanceof Float32Array)) return scalarKernel.squares(values);
    if (this.#inPlace && this.#liesIn(values)) return this.#inPlace.exports.squares(values.byteOffset, values.length);
    let total = 0;
    for (let i = 0; i < values.length; i += SCRATCH_ELEMENTS) {
      const length = Math.min(SCRATCH_ELEMENTS, values.length - i);
      this.#first.set(block(values, i, length));
      total += this.#scratch.squares(this.#first.byteOffset, length);
    }
    return total;
  }

  /** The memory's buffer is another one after it has grown. */
  #liesIn(values: Float32Array): boolean {
    return values.buffer === this.#inPlace?.memory.buffer;
  }
}

function block(values: Float32Array, begin: number, length: number): Float32Array {
  return length === values.length ? values : values.subarray(begin, begin + length);
}

function writeSums(found: Exports, into: PassSums, at: number): void {
  into.updateSquares[at] = found.updateSquares.value;
  into.weightSquares[at] = found.weightSquares.value;
  into.maxAbsUpdate[at] = found.maxAbsUpdate.value;
  into.unchanged[at] = found.unchanged.value;
  into.nonFinite[at] = found.nonFinite.value;
}
