import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STATISTICS, type Statistic } from '../../src/index.js';
import { scalarKernel } from '../../src/parameters/kernels/scalar-kernel.js';
import { forceKernel } from '../../src/tfjs/host-values.js';
import { createStepParameters } from '../../src/tfjs/live-parameters.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { relativeError, twin, twinHistogram } from '../parameters/twin.js';

type Path = 'simd' | 'scalar' | 'device';

const float32 = (options: fc.FloatConstraints = {}) => fc.float({ noDefaultInfinity: true, noNaN: true, ...options });

/** Ordinary values, zeros and denormals, huge and tiny ones: each array from one of them, or from all. */
const values = fc.oneof(
  float32({ min: -2, max: 2 }),
  float32({ min: Math.fround(-1e-38), max: Math.fround(1e-38) }),
  float32({ min: Math.fround(1e25), max: Math.fround(3e30) }),
  fc.constant(0),
  float32(),
);

/** Lengths around the kernel's block of 64 elements. */
const length = fc.oneof(
  fc.integer({ min: 0, max: 10 }),
  fc.integer({ min: 60, max: 70 }),
  fc.integer({ min: 120, max: 300 }),
);

const pair = (element: fc.Arbitrary<number>) =>
  length.chain((n) =>
    fc.record({
      w: fc.array(element, { minLength: n, maxLength: n }),
      d: fc.array(fc.oneof(fc.constant(0), element), { minLength: n, maxLength: n }),
      g: fc.array(element, { minLength: n, maxLength: n }),
    }),
  );

async function measure(
  path: Path,
  w: readonly number[],
  v: readonly number[],
  g: readonly number[] | undefined,
  dtype: 'float32' | 'int32' | 'bool' = 'float32',
) {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([...w], dtype), true));
  const gradient = g && tf.tensor1d([...g]);
  const live = createStepParameters([{ name: 'p', variable, ...(gradient && { gradient }) }], {
    path: path === 'device' ? 'device' : 'host',
  });
  const before = live.snapshot();
  tf.tidy(() => variable.assign(tf.tensor1d([...v], dtype)));
  live.advance();
  const result = await live.compare(before, { statistics: STATISTICS, histograms: ['update', 'weight', 'gradient'] });
  before.dispose();
  live.release();
  tf.dispose([variable, gradient ?? []]);
  return result;
}

function expectClose(path: Path, statistic: Statistic, got: number, expected: number, tolerance: number): void {
  const error = relativeError(got, expected);
  if (!(error <= tolerance))
    throw new Error(`${path} ${statistic}: got ${got}, expected ${expected}, relative error ${error}`);
}

describe.each(BACKENDS)('statistics on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  let before: ReturnType<typeof held>;
  beforeEach(() => {
    before = held();
  });
  afterEach(() => {
    forceKernel(undefined);
    expect(held()).toEqual(before);
  });

  it.each<Path>(['simd', 'scalar'])('%s: equals the float64 twin to 1e-6 on any float32 values', async (path) => {
    if (path === 'scalar') forceKernel(scalarKernel);
    await fc.assert(
      fc.asyncProperty(pair(values), async ({ w, d, g }) => {
        const v = w.map((value, i) => Math.fround(value + d[i]!));
        const { columns, histograms } = await measure(path, w, v, g);
        for (const statistic of STATISTICS) {
          const expected = twin(statistic, w, v, g);
          // A deviation far below the values' own size is a difference that float64 itself rounds.
          const negligible = statistic === 'stdRatio' && Math.abs(expected) < 1e-6;
          if (!negligible && Number.isFinite(expected))
            expectClose(path, statistic, columns[statistic][0]!, expected, 1e-6);
        }
        expect(histograms.weight?.[0]).toEqual(twinHistogram(v));
        expect(histograms.update?.[0]).toEqual(twinHistogram(v.map((value, i) => value - w[i]!)));
        expect(histograms.gradient?.[0]).toEqual(twinHistogram(g));
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it('device: equals the twin to float32 on ordinary values', async () => {
    await fc.assert(
      fc.asyncProperty(pair(float32({ min: Math.fround(0.1), max: 2 })), async ({ w, d, g }) => {
        const v = w.map((value, i) => Math.fround(value + d[i]!));
        const { columns } = await measure('device', w, v, g);
        for (const statistic of STATISTICS) {
          const expected = twin(statistic, w, v, g);
          if (statistic === 'stdRatio' && !(expected > 1e-2 && expected < 1e2)) continue;
          expectClose('device', statistic, columns[statistic][0]!, expected, 2e-5);
        }
      }),
      { numRuns: 40, seed: 8 },
    );
  });

  it.each<Path>(['simd', 'scalar', 'device'])('%s: shows NaN and infinities, and counts them', async (path) => {
    if (path === 'scalar') forceKernel(scalarKernel);
    const w = Array.from({ length: 130 }, () => 1);
    const v = w.map((_, i) => (i === 5 ? Number.NaN : i === 70 ? Infinity : i === 129 ? -Infinity : 1));
    const { columns, histograms } = await measure(path, w, v, v);
    expect(columns.nonFinite[0]).toBe(3);
    expect(columns.updateNorm[0]).toBeNaN();
    expect(columns.gradientNorm[0]).toBeNaN();
    expect(columns.unchanged[0]).toBeCloseTo(127 / 130);
    expect(columns.weightNorm[0]).toBeCloseTo(Math.sqrt(130));
    expect(histograms.weight?.[0]).toMatchObject({ nonFinite: 3 });
    if (path !== 'device') expect(columns.maxAbsUpdate[0]).toBeNaN();
    const infinite = await measure(path, [1], [Infinity], [0]);
    expect([infinite.columns.updateNorm[0], infinite.columns.maxAbsUpdate[0]]).toEqual([Infinity, Infinity]);
  });

  it('does not overflow or underflow where float32 squares would', async () => {
    const huge = Array.from({ length: 64 }, () => Math.fround(1e30));
    const tiny = huge.map(() => Math.fround(1e-30));
    const { columns } = await measure(
      'simd',
      huge,
      huge.map((x) => Math.fround(x * 2)),
      tiny,
    );
    expectClose('simd', 'updateNorm', columns.updateNorm[0]!, 8e30, 1e-6);
    expectClose('simd', 'gradientNorm', columns.gradientNorm[0]!, 8e-30, 1e-6);
  });

  it.each<Path>(['simd', 'scalar'])('%s: blocks at rest, with all that equal elements can be', async (path) => {
    if (path === 'scalar') forceKernel(scalarKernel);
    const still = Array.from({ length: 256 }, (_, i) => Math.fround(Math.sin(i)));
    const moved = still.map((value, i) => (i >= 64 && i < 128 ? Math.fround(value * 1.5) : value));
    const { columns } = await measure(path, still, moved, undefined);
    for (const statistic of STATISTICS)
      expectClose(path, statistic, columns[statistic][0]!, twin(statistic, still, moved, []), 1e-6);
    const infinite = still.map((value, i) => (i === 200 ? Infinity : value));
    const stuck = await measure(path, infinite, infinite, undefined);
    expect([stuck.columns.updateNorm[0], stuck.columns.unchanged[0], stuck.columns.nonFinite[0]]).toEqual([
      Number.NaN,
      1,
      1,
    ]);
    const huge = still.map(() => Math.fround(3e38));
    const atRest = await measure(path, huge, huge, undefined);
    expect([atRest.columns.updateNorm[0], atRest.columns.unchanged[0]]).toEqual([0, 1]);
    expectClose(path, 'weightNorm', atRest.columns.weightNorm[0]!, 16 * Math.fround(3e38), 1e-6);
  });

  it.each<Path>(['simd', 'scalar', 'device'])('%s: int32 and bool parameters', async (path) => {
    if (path === 'scalar') forceKernel(scalarKernel);
    const int = await measure(path, [16_777_217, -5, 0], [16_777_219, -5, 3], undefined, 'int32');
    if (path !== 'device') expect(int.columns.updateNorm[0]).toBeCloseTo(Math.sqrt(13), 9);
    expect(int.columns.gradientNorm[0]).toBe(0);
    const bool = await measure(path, [1, 0, 1, 0], [1, 1, 0, 0], undefined, 'bool');
    expect([bool.columns.updateNorm[0], bool.columns.unchanged[0], bool.columns.maxAbsUpdate[0]]).toEqual([
      Math.fround(Math.SQRT2) && expect.closeTo(Math.SQRT2, 6),
      0.5,
      1,
    ]);
  });

  it('is right at ten million elements, where float32 sums are not', async () => {
    const n = 1e7;
    const w = tf.tidy(() => tf.fill([n], 0.1));
    const variable = tf.variable(w, true);
    w.dispose();
    const live = createStepParameters([{ name: 'p', variable }]);
    const snapshot = live.snapshot();
    tf.tidy(() => variable.assign(tf.fill([n], 0.1001)));
    live.advance();
    const { columns } = await live.compare(snapshot, { statistics: ['updateNorm', 'weightNorm'] });
    const d = Math.fround(0.1001) - Math.fround(0.1);
    expectClose('simd', 'updateNorm', columns.updateNorm[0]!, Math.sqrt(n) * d, 1e-6);
    expectClose('simd', 'weightNorm', columns.weightNorm[0]!, Math.sqrt(n) * Math.fround(0.1), 1e-6);
    snapshot.dispose();
    live.release();
    variable.dispose();
  });

  it('measures nothing where there is nothing, as nothing', async () => {
    const empty = await measure('simd', [], [], []);
    expect(empty.columns.updateNorm[0]).toBe(0);
    expect(empty.columns.unchanged[0]).toBe(1);
    expect(empty.columns.updateRatio[0]).toBe(0);
    const none = createStepParameters([]);
    expect((await none.compare(none.snapshot(), { statistics: ['updateNorm'] })).columns.updateNorm).toHaveLength(0);
    none.release();
  });
});
