import { describe, expect, it } from 'vitest';
import { type AdamWValues, fusedAdamW } from '../../src/trainer/kernels/fused-adamw.js';

const COEFFICIENTS = { keep: 1, beta1: 0.9, beta2: 0.999, stepSize: 1, rootCorrection: 1, epsilon: 1e-8 };
const NAMES = ['weights', 'gradients', 'first', 'second', 'next'] as const;

/** Eight ones of each, one beside the other; `short` of them is four. */
function valuesIn(buffer: ArrayBuffer, short?: keyof AdamWValues): AdamWValues {
  new Float32Array(buffer).fill(1);
  const arrays = NAMES.map((name, i) => [name, new Float32Array(buffer, 1024 + 32 * i, name === short ? 4 : 8)]);
  return Object.fromEntries(arrays) as AdamWValues;
}

describe.each(['in place', 'through a scratch memory'])('the AdamW kernel %s', (way) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = fusedAdamW(way === 'in place' ? memory : undefined)!;

  it.each(NAMES)('touches nothing where the %s have another length', (short) => {
    expect(() => kernel(valuesIn(memory.buffer, short), COEFFICIENTS)).toThrow(RangeError);
    expect(new Set(new Float32Array(memory.buffer))).toEqual(new Set([1]));
  });

  it('updates values of one length, and nothing beside them', () => {
    const values = valuesIn(memory.buffer);
    expect(kernel(values, COEFFICIENTS).weightSquares).toBe(8);
    const all = new Float32Array(memory.buffer);
    // With gradients and moments of one, only the new weights are others.
    expect(all.filter((value) => value !== 1)).toHaveLength(8);
    expect(new Set(values.next)).toEqual(new Set([0]));
  });
});

it('the AdamW kernel in place refuses values that lie elsewhere', () => {
  const kernel = fusedAdamW(new WebAssembly.Memory({ initial: 1 }))!;
  expect(() => kernel(valuesIn(new ArrayBuffer(4096)), COEFFICIENTS)).toThrow('values: expected them in the memory');
});
