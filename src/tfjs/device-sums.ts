import {
  abs,
  cast,
  isFinite as elementIsFinite,
  equal,
  keep,
  logicalNot,
  max,
  mean,
  reshape,
  scalar,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import {
  type HistogramSubject,
  histogram,
  type MagnitudeHistogram,
  markIncomparable,
  NO_HISTOGRAM,
  SUM_FIELDS,
  type SumField,
  type SumsPart,
  type UpdateSums,
  type Values,
  zeroSums,
} from '../parameters/index.js';
import { comparable } from './comparable.js';
import { type HeldTensors, share } from './held-tensors.js';
import type { LiveParameter } from './live-parameter.js';

type ScalarPart = keyof typeof SUM_FIELDS;

const SUBJECTS: readonly HistogramSubject[] = ['update', 'weight', 'gradient'];

/**
 * The same sums as tensor operations, packed into one tensor and read once, without waiting. They are the device's:
 * float32, good to about 1e-5 relative where it adds in trees. What counts elements is made a whole number here, and
 * counts of what is seldom: a sum of ones is not whole on every device, a sum of zeros is.
 */
export async function deviceSums(
  parameters: readonly LiveParameter[],
  held: HeldTensors,
  parts: readonly SumsPart[],
): Promise<UpdateSums> {
  const scalars = (Object.keys(SUM_FIELDS) as ScalarPart[]).filter((part) => parts.includes(part));
  const subjects = SUBJECTS.filter((subject) => parts.includes(`${subject}-histogram`));
  const sizes = parameters.map(({ variable }) => variable.size);
  // Which can be compared is known now; by the time that the numbers come, all may be disposed.
  const compared = parameters.map(({ variable }) => comparable(held.get(variable), variable));
  // The event is over before the values arrive, so what is read later is held here.
  const pending = subjects.map((subject) => [subject, subjectsOf(subject, parameters, held)] as const);
  const packed =
    parameters.length > 0 && scalars.length > 0
      ? tidy(() => keep(stack(parameters.map((parameter) => pack(parameter, held, scalars)))))
      : undefined;
  try {
    const sums = zeroSums(sizes, scalars);
    if (packed) unpack((await packed.data()) as Float32Array, sums, scalars, compared);
    const counted: Partial<Record<HistogramSubject, readonly MagnitudeHistogram[]>> = {};
    for (const [subject, tensors] of pending) counted[subject] = await Promise.all(tensors.map(count));
    return { ...sums, histograms: counted };
  } finally {
    packed?.dispose();
    for (const [, tensors] of pending) for (const tensor of tensors) tensor?.dispose();
  }
}

/** One parameter's sums in a row; zeros where there is nothing to compare. `unchanged` is there as what has changed. */
function pack({ variable, gradient }: LiveParameter, held: HeldTensors, parts: readonly ScalarPart[]): Tensor {
  const old = held.get(variable);
  const found: Partial<Record<SumField, Tensor>> = {};
  if (gradient && gradient.size > 0 && parts.includes('gradients')) {
    // Some optimizers dispose the gradients that they are given.
    found.gradientSquares = gradient.isDisposed ? scalar(Number.NaN) : sum(square(floats(gradient)));
  }
  if (comparable(old, variable) && variable.size > 0) compare(floats(old), floats(variable), parts, found);
  return stack(parts.flatMap((part) => SUM_FIELDS[part].map((field) => found[field] ?? scalar(0))));
}

function compare(w: Tensor, v: Tensor, parts: readonly ScalarPart[], found: Partial<Record<SumField, Tensor>>): void {
  const d = sub(v, w);
  if (parts.includes('norms')) {
    found.updateSquares = sum(square(d));
    found.weightSquares = sum(square(w));
    found.nonFinite = sum(cast(logicalNot(elementIsFinite(v)), 'float32'));
  }
  if (parts.includes('extremes')) {
    found.maxAbsUpdate = max(abs(d));
    found.unchanged = sum(cast(logicalNot(equal(v, w)), 'float32'));
  }
  if (parts.includes('moments')) {
    found.updateAbs = sum(abs(d));
    found.weightAbs = sum(abs(w));
    found.updateSum = sum(d);
    found.weightSum = sum(w);
    found.updateDeviation = sum(square(sub(d, mean(d))));
    found.weightDeviation = sum(square(sub(w, mean(w))));
  }
}

function unpack(
  numbers: Float32Array,
  sums: UpdateSums,
  parts: readonly ScalarPart[],
  compared: readonly boolean[],
): void {
  const fields: readonly SumField[] = parts.flatMap((part) => SUM_FIELDS[part]);
  fields.forEach((field, place) => {
    const column = sums[field]!;
    for (let i = 0; i < column.length; i++) column[i] = numbers[i * fields.length + place]!;
  });
  const { size, nonFinite, unchanged } = sums;
  for (let i = 0; i < size.length; i++) {
    if (nonFinite) nonFinite[i] = Math.round(nonFinite[i]!);
    if (unchanged) unchanged[i] = size[i]! - Math.round(unchanged[i]!);
    const needBoth = parts.filter((part) => part !== 'gradients');
    if (!compared[i]) markIncomparable(sums, needBoth, i);
  }
}

function floats(tensor: Tensor): Tensor {
  return reshape(cast(tensor, 'float32'), [tensor.size]);
}

function subjectsOf(
  subject: HistogramSubject,
  parameters: readonly LiveParameter[],
  held: HeldTensors,
): (Tensor | undefined)[] {
  return parameters.map(({ variable, gradient }) => {
    if (subject === 'gradient') return gradient && !gradient.isDisposed ? share(gradient) : undefined;
    if (variable.isDisposed) return undefined;
    if (subject === 'weight') return share(variable);
    const old = held.get(variable);
    if (!comparable(old, variable)) return undefined;
    return tidy(() => share(sub(floats(variable), floats(old))));
  });
}

async function count(tensor: Tensor | undefined): Promise<MagnitudeHistogram> {
  return tensor ? histogram((await tensor.data()) as Values) : NO_HISTOGRAM;
}
