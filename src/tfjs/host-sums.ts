import type { Tensor } from '@tensorflow/tfjs-core';
import {
  type HistogramSubject,
  histogram,
  type MagnitudeHistogram,
  markIncomparable,
  moments,
  NO_HISTOGRAM,
  type StepSums,
  type SumsPart,
  type SumsWith,
  type UpdateSums,
  zeroSums,
} from '../parameters/index.js';
import type { Compared } from './compared.js';
import { hostValues } from './host-values.js';
import type { SumsByVariable } from './live-parameter.js';
import { type TensorPair, type TensorPasses, tensorPasses } from './tensor-passes.js';

type ScalarPart = Exclude<SumsPart, `${string}-histogram`>;

/** The sums of a step where the values can be read at once: by passes over them, those that are known left out. */
export function hostSums(
  parameters: readonly Compared[],
  parts: readonly SumsPart[],
  known?: SumsByVariable,
): UpdateSums {
  const scalars = parts.filter((part): part is ScalarPart => !part.endsWith('-histogram'));
  const pass = scalars.includes('extremes') || scalars.includes('norms');
  const sums = zeroSums(
    parameters.map(({ size }) => size),
    pass ? [...scalars, 'norms', 'extremes'] : scalars,
  );
  if (scalars.includes('gradients')) gradientSums(parameters, known, sums as SumsWith<'gradients'>);
  if (scalars.includes('moments')) momentSums(parameters, sums as SumsWith<'moments'>);
  const more = scalars.length < parts.length && { histograms: histograms(parameters, parts) };
  if (!pass) return { ...sums, ...more };
  const passes = tensorPasses();
  const extremes = passes.extremesAreFree || scalars.includes('extremes');
  updateSums(passes, parameters, known, sums as SumsWith<'norms' | 'extremes'>, extremes);
  if (extremes) return more ? { ...sums, ...more } : sums;
  const { maxAbsUpdate: _1, unchanged: _2, ...rest } = sums;
  return { ...rest, ...more };
}

function updateSums(
  passes: TensorPasses,
  parameters: readonly Compared[],
  known: SumsByVariable | undefined,
  sums: SumsWith<'norms' | 'extremes'>,
  extremes: boolean,
): void {
  const pairs: TensorPair[] = [];
  for (let at = 0; at < parameters.length; at++) {
    const { name, before, after } = parameters[at]!;
    if (!before || !after) {
      markIncomparable(sums, ['norms', 'extremes'], at);
      continue;
    }
    const found = known?.get(name);
    if (found) write(found, sums, at);
    else pairs.push({ before, after, at });
  }
  if (pairs.length > 0) passes.updates(pairs, sums, extremes);
}

function write(found: StepSums, sums: SumsWith<'norms' | 'extremes'>, at: number): void {
  sums.updateSquares[at] = found.updateSquares;
  sums.weightSquares[at] = found.weightSquares;
  sums.maxAbsUpdate[at] = found.maxAbsUpdate;
  sums.unchanged[at] = found.unchanged;
  sums.nonFinite[at] = found.nonFinite;
}

function gradientSums(
  parameters: readonly Compared[],
  known: SumsByVariable | undefined,
  { gradientSquares }: SumsWith<'gradients'>,
): void {
  const missing: { readonly at: number; readonly gradient: Tensor }[] = [];
  for (let at = 0; at < parameters.length; at++) {
    const { name, gradient } = parameters[at]!;
    if (!gradient) continue;
    const found = known?.get(name);
    if (found) gradientSquares[at] = found.gradientSquares;
    else if (gradient === 'disposed') gradientSquares[at] = Number.NaN;
    else missing.push({ at, gradient });
  }
  if (missing.length === 0) return;
  const squares = tensorPasses().squares(missing.map(({ gradient }) => gradient));
  missing.forEach(({ at }, i) => {
    gradientSquares[at] = squares[i]!;
  });
}

function momentSums(parameters: readonly Compared[], sums: SumsWith<'moments'>): void {
  parameters.forEach(({ before, after }, at) => {
    if (before && after) moments(hostValues(before), hostValues(after), sums, at);
    else markIncomparable(sums, ['moments'], at);
  });
}

function histograms(parameters: readonly Compared[], parts: readonly SumsPart[]) {
  const count: Readonly<Record<HistogramSubject, (parameter: Compared) => MagnitudeHistogram>> = {
    update: ({ before, after }) => (before && after ? histogram(hostValues(after), hostValues(before)) : NO_HISTOGRAM),
    weight: ({ after }) => (after ? histogram(hostValues(after)) : NO_HISTOGRAM),
    gradient: ({ gradient }) => (gradient && gradient !== 'disposed' ? histogram(hostValues(gradient)) : NO_HISTOGRAM),
  };
  const subjects = (Object.keys(count) as HistogramSubject[]).filter((subject) =>
    parts.includes(`${subject}-histogram`),
  );
  return Object.fromEntries(subjects.map((subject) => [subject, parameters.map(count[subject])]));
}
