import {
  abs,
  cast,
  isFinite as elementIsFinite,
  equal,
  logicalNot,
  max,
  mean,
  reshape,
  type Scalar,
  scalar,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Values } from '../parameters/kernels/kernel.js';
import { histogram } from '../parameters/kernels/on-request.js';
import type {
  Comparison,
  HistogramSubject,
  MagnitudeHistogram,
  Measure,
  Statistic,
  StatisticColumns,
} from '../parameters/statistics.js';
import { comparable, ratio } from './comparable.js';
import type { LiveParameter } from './live-parameters.js';
import { type SharedValues, share } from './snapshot.js';

/** What the device computes of one parameter, in the order in which it is packed. */
const PACKED = [
  'updateSquares',
  'weightSquares',
  'gradientSquares',
  'maxAbsUpdate',
  'unchangedShare',
  'nonFinite',
  'updateAbs',
  'weightAbs',
  'updateDeviation',
  'weightDeviation',
] as const;

type Packed = Readonly<Record<(typeof PACKED)[number], number>>;

/**
 * The same statistics as tensor operations, packed into one tensor and read once, without waiting. Sums are the
 * device's: float32, good to about 1e-5 relative where it adds in trees.
 */
export async function compareOnDevice<S extends Statistic>(
  parameters: readonly LiveParameter[],
  before: SharedValues,
  { statistics, histograms = [] }: Measure<S>,
): Promise<Comparison<S>> {
  // The event is over before the values arrive, so what is read later is held here.
  const pending = histograms.map((subject) => [subject, subjectsOf(subject, parameters, before)] as const);
  const packed = tidy(() =>
    parameters.length === 0 ? undefined : stack(parameters.map((parameter) => pack(parameter, before))),
  );
  try {
    const numbers = packed ? ((await packed.data()) as Float32Array) : new Float32Array();
    const rows = parameters.map((_, i) => unpack(numbers.subarray(i * PACKED.length, (i + 1) * PACKED.length)));
    const columns = Object.fromEntries(
      statistics.map((statistic) => [statistic, Float64Array.from(rows, (row) => of(statistic, row))]),
    );
    const counted: Partial<Record<HistogramSubject, readonly MagnitudeHistogram[]>> = {};
    for (const [subject, tensors] of pending) counted[subject] = await Promise.all(tensors.map(count));
    return { columns: columns as unknown as StatisticColumns<S>, histograms: counted };
  } finally {
    packed?.dispose();
    for (const [, tensors] of pending) for (const tensor of tensors) tensor?.dispose();
  }
}

function pack({ name, variable, gradient }: LiveParameter, before: SharedValues): Tensor {
  const old = before.get(name);
  const gradientSquares = gradient ? sum(square(floats(gradient))) : scalar(0);
  if (!comparable(old, variable)) {
    return stack(
      PACKED.map((field) => (field === 'gradientSquares' ? gradientSquares : scalar(Number.NaN))) as Scalar[],
    );
  }
  if (variable.size === 0)
    return stack(
      PACKED.map((field) =>
        field === 'gradientSquares' ? gradientSquares : scalar(field === 'unchangedShare' ? 1 : 0),
      ),
    );
  const w = floats(old);
  const v = floats(variable);
  const d = sub(v, w);
  const values: Record<(typeof PACKED)[number], Tensor> = {
    updateSquares: sum(square(d)),
    weightSquares: sum(square(w)),
    gradientSquares,
    maxAbsUpdate: max(abs(d)),
    unchangedShare: mean(cast(equal(v, w), 'float32')),
    nonFinite: sum(cast(logicalNot(elementIsFinite(v)), 'float32')),
    updateAbs: sum(abs(d)),
    weightAbs: sum(abs(w)),
    updateDeviation: sum(square(sub(d, mean(d)))),
    weightDeviation: sum(square(sub(w, mean(w)))),
  };
  return stack(PACKED.map((field) => values[field]));
}

function floats(tensor: Tensor): Tensor {
  return reshape(cast(tensor, 'float32'), [tensor.size]);
}

function unpack(numbers: Float32Array): Packed {
  return Object.fromEntries(PACKED.map((field, i) => [field, numbers[i]!])) as Packed;
}

function of(statistic: Statistic, row: Packed): number {
  switch (statistic) {
    case 'updateNorm':
      return Math.sqrt(row.updateSquares);
    case 'weightNorm':
      return Math.sqrt(row.weightSquares);
    case 'updateRatio':
      return ratio(Math.sqrt(row.updateSquares), Math.sqrt(row.weightSquares));
    case 'gradientNorm':
      return Math.sqrt(row.gradientSquares);
    case 'maxAbsUpdate':
      return row.maxAbsUpdate;
    case 'unchanged':
      return row.unchangedShare;
    case 'nonFinite':
      return row.nonFinite;
    case 'meanAbsRatio':
      return ratio(row.updateAbs, row.weightAbs);
    case 'stdRatio':
      return ratio(Math.sqrt(row.updateDeviation), Math.sqrt(row.weightDeviation));
  }
}

function subjectsOf(
  subject: HistogramSubject,
  parameters: readonly LiveParameter[],
  before: SharedValues,
): (Tensor | undefined)[] {
  return parameters.map(({ name, variable, gradient }) => {
    if (subject === 'gradient') return gradient && share(gradient);
    if (variable.isDisposed) return undefined;
    if (subject === 'weight') return share(variable);
    const old = before.get(name);
    if (!comparable(old, variable)) return undefined;
    return tidy(() => share(sub(floats(variable), floats(old))));
  });
}

async function count(tensor: Tensor | undefined): Promise<MagnitudeHistogram> {
  return tensor ? histogram((await tensor.data()) as Values) : { zeros: 0, nonFinite: 0, firstExponent: 0, counts: [] };
}
