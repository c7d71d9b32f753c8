import { ArrayMemory, type Held } from './array-memory.js';
import type { Kernel } from './kernels/kernel.js';
import { histogram, moments } from './kernels/on-request.js';
import { scalarKernel } from './kernels/scalar-kernel.js';
import { simdKernel } from './kernels/simd-kernel.js';
import { NO_HISTOGRAM } from './magnitude-histogram.js';
import type { HeldValues, ParameterSource } from './parameter-source.js';
import type { HistogramSubject, MagnitudeHistogram } from './statistics.js';
import { markIncomparable, type SumsPart, type UpdateSums, zeroSums } from './update-sums.js';

/** The values of one parameter: any array of numbers, such as a Float32Array, or a single number. */
export type ArrayValues = ArrayLike<number> | number;

/** The values of parameters by name. The names are what tells them apart. */
export type NamedArrays = Readonly<Record<string, ArrayValues>>;

export interface ArrayParametersOptions {
  /** Gradients by name. A parameter without one has a gradient norm of 0. */
  readonly gradients?: NamedArrays | undefined;
  /** What the sources of one loop share, so that each step need not make it anew. Default: a memory of its own. */
  readonly memory?: ArrayMemory;
}

let fastest: Kernel | undefined;

/**
 * Parameters that are arrays, and may be written in place: so values are held as copies. Arrays are read when they are
 * held or measured, not before. Values that another such source held are compared by name.
 *
 * @throws TypeError for a value that is no array of numbers and no number.
 */
export function arrayParameters(
  values: NamedArrays,
  { gradients = {}, memory = new ArrayMemory() }: ArrayParametersOptions = {},
): ParameterSource {
  const { names, shapes, sizes } = memory.describe(values);
  fastest ??= simdKernel() ?? scalarKernel;
  const kernel = fastest;
  const now = (i: number) => arrayOf(values[names[i]!]);
  const gradientOf = (i: number) => {
    const gradient = Object.hasOwn(gradients, names[i]!) ? gradients[names[i]!] : undefined;
    return gradient === undefined ? undefined : arrayOf(gradient);
  };
  return {
    names,
    shapes,
    sizes,
    ids: names,
    hold: () => memory.hold(names, now),
    sums(held, parts) {
      const before = heldArrays(held);
      return sumsOf(
        kernel,
        { sizes, now, before: (i) => comparable(before.get(names[i]!), now(i)), gradientOf },
        parts,
      );
    },
  };
}

/** What is known of parameters, by their index. */
interface Arrays {
  readonly sizes: readonly number[];
  readonly now: (i: number) => ArrayLike<number>;
  /** Undefined where it cannot be compared. */
  readonly before: (i: number) => ArrayLike<number> | undefined;
  readonly gradientOf: (i: number) => ArrayLike<number> | undefined;
}

function sumsOf(kernel: Kernel, arrays: Arrays, parts: readonly SumsPart[]): UpdateSums {
  const { sizes, now, before, gradientOf } = arrays;
  const scalars = parts.filter((part) => !part.endsWith('-histogram')) as Parameters<typeof zeroSums>[1];
  const pass = scalars.includes('norms') || scalars.includes('extremes');
  const asked = pass ? [...scalars, 'norms' as const, 'extremes' as const] : scalars;
  const compared = asked.filter((part) => part !== 'gradients');
  const sums = zeroSums(sizes, asked);
  for (let i = 0; i < sizes.length; i++) {
    const old = before(i);
    if (!old) markIncomparable(sums, compared, i);
    if (old && pass) kernel.update(old, now(i), sums, i);
    if (old && scalars.includes('moments')) moments(old, now(i), sums, i);
    const gradient = scalars.includes('gradients') && gradientOf(i);
    if (gradient) sums.gradientSquares[i] = kernel.squares(gradient);
  }
  return { ...sums, histograms: histogramsOf(arrays, parts) };
}

function histogramsOf({ sizes, now, before, gradientOf }: Arrays, parts: readonly SumsPart[]) {
  const count: Readonly<Record<HistogramSubject, (i: number) => MagnitudeHistogram>> = {
    update: (i) => {
      const old = before(i);
      return old ? histogram(now(i), old) : NO_HISTOGRAM;
    },
    weight: (i) => histogram(now(i)),
    gradient: (i) => {
      const gradient = gradientOf(i);
      return gradient ? histogram(gradient) : NO_HISTOGRAM;
    },
  };
  const subjects = (Object.keys(count) as HistogramSubject[]).filter((subject) =>
    parts.includes(`${subject}-histogram`),
  );
  return Object.fromEntries(subjects.map((subject) => [subject, sizes.map((_, i) => count[subject](i))]));
}

function heldArrays(held: HeldValues): Held {
  if (held instanceof Map) return held as Held;
  throw new TypeError('before: expected values that were held of arrays, got those of another kind of source');
}

function comparable(before: ArrayLike<number> | undefined, now: ArrayLike<number>): ArrayLike<number> | undefined {
  return before?.length === now.length ? before : undefined;
}

/** One that is gone meanwhile has no elements, so that it cannot be compared. */
function arrayOf(values: ArrayValues | undefined): ArrayLike<number> {
  return typeof values === 'number' ? [values] : (values ?? []);
}
