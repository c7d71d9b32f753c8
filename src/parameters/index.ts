/** The front door of parameters/: what other rooms use of it. */
export { ArrayMemory } from './array-memory.js';
export { type ArrayValues, arrayParameters, type NamedArrays } from './array-parameters.js';
export { groupColumns, type JointStatistic, jointColumns, jointStatistics } from './joint-statistics.js';
export type { Kernel, PassedSums, PassSums, StepSums, Values } from './kernels/kernel.js';
export { kernelModule } from './kernels/kernel-module.js';
export { histogram, moments } from './kernels/on-request.js';
export { passOver } from './kernels/pass-over.js';
export { scalarKernel } from './kernels/scalar-kernel.js';
export { simdKernel } from './kernels/simd-kernel.js';
export { layerOf } from './layer-of.js';
export { type Layer, layersOf } from './layers.js';
export { LiveParameters } from './live-parameters.js';
export { mergeHistograms, NO_HISTOGRAM } from './magnitude-histogram.js';
export { measuredParameters } from './measured-parameters.js';
export { medianOf } from './median-of.js';
export type { HeldValues, ParameterSource } from './parameter-source.js';
export {
  type AnyParameterUpdates,
  columnOf,
  createParameterUpdates,
  dataOf,
  type ParameterUpdates,
  type ParameterUpdatesData,
  pickParameters,
  statisticsOf,
} from './parameter-updates.js';
export {
  type Difference,
  type JoinedSums,
  type Piece,
  RankAdder,
  type RankParameters,
  type RankSums,
} from './rank-sums.js';
export { HEALTHY_RATIOS, ratioHealth } from './ratio-health.js';
export { requireColumn } from './require-column.js';
export { describeRecord, requireUpdates } from './require-updates.js';
export { sameNames } from './same-names.js';
export {
  type Comparison,
  DEFAULT_STATISTICS,
  type DefaultStatistic,
  type HistogramSubject,
  type MagnitudeHistogram,
  type MagnitudeHistograms,
  type Measure,
  STATISTICS,
  type Statistic,
  type StatisticColumns,
} from './statistics.js';
export { statisticsIn, statisticsOfSums } from './statistics-of-sums.js';
export type { MaybePromise, Snapshot, StepParameters } from './step-parameters.js';
export { type Measurement, measurementOfSums, NO_END, updatesOfStep } from './step-updates.js';
export { type MeasuredElsewhere, sumsParameters } from './sums-parameters.js';
export { jointNorm } from './update-ratio.js';
export {
  addSums,
  markIncomparable,
  SUM_FIELDS,
  type SumField,
  type SumsPart,
  type SumsWith,
  type UpdateSums,
  zeroSums,
} from './update-sums.js';
export { VALUE_STATISTICS, type ValueColumns, type ValueStatistic, valueStatistics } from './value-statistics.js';
