/**
 * The core: observe any training loop, turn its events into measurements, look at them. Needs rxjs only; safe in a
 * browser.
 *
 * @module
 */
export { type EarlyStoppingOptions, earlyStopping } from './control/early-stopping.js';
export type { ImprovementOptions } from './control/improvement.js';
export { type ReduceOnPlateauOptions, reduceOnPlateau } from './control/reduce-on-plateau.js';
export { type RollbackOptions, rollback } from './control/rollback.js';
export { skipNonFinite } from './control/skip-non-finite.js';
export { type SteerUpdateRatioOptions, steerUpdateRatio } from './control/steer-update-ratio.js';
export { type StopOnAlertOptions, stopOnAlert } from './control/stop-on-alert.js';
export { type WarmRestartOptions, warmRestart } from './control/warm-restart.js';
export {
  type ClassAccuracy,
  type ClassifiedExamples,
  type ClassValues,
  type ConfusionMatrix,
  type ConfusionMatrixOptions,
  confusionMatrix,
  overallAccuracy,
  perClassAccuracy,
} from './events/confusion-matrix.js';
export type {
  AlertEvent,
  Confidence,
  Config,
  ControlCommand,
  ControlEvent,
  ControlRequest,
  EndStatus,
  EpochBeginEvent,
  EpochEndEvent,
  EvaluateEvent,
  Evaluation,
  EventContext,
  EventOf,
  LogEvent,
  Metrics,
  OptimizerStepEvent,
  PredictEvent,
  PreOptimizerStepEvent,
  RankDifference,
  RankReport,
  RanksEvent,
  SaveEvent,
  Severity,
  SinkErrorEvent,
  StepBeginEvent,
  StepEndEvent,
  SubstepEndEvent,
  TrainBeginEvent,
  TrainEndEvent,
  TrainingEvent,
  TrainingEventType,
} from './events/events.js';
export { isEventOf, isTrainingEvent, TRAINING_EVENT_TYPES } from './events/guards.js';
export {
  type ActivationName,
  type Activations,
  type AnyMeasurement,
  type GlobalNorm,
  type GlobalNorms,
  type LayerActivations,
  MEASUREMENT_TYPES,
  type Measurements,
  type MeasurementType,
  type ParameterDrift,
  type ParameterValues,
  type RunRecord,
  type Throughput,
} from './events/measurements.js';
export type { LayerSummary, ModelSummary } from './events/model-summary.js';
export { type RunMemory, runMemory, type SavedMemory } from './events/run-memory.js';
export { decodeRecord, encodeRecord, SERIAL_VERSION } from './events/serial/serial.js';
export type { Sink } from './events/sink.js';
export { type EmaOptions, ema, type Smoothed } from './operators/ema.js';
export { everyEpochs } from './operators/every-epochs.js';
export { everySteps } from './operators/every-steps.js';
export { globalNorms } from './operators/global-norms.js';
export {
  type GroupByLayerOptions,
  groupByLayer,
  type LayerStatistic,
  type RatioNeedsNorms,
} from './operators/group-by-layer.js';
export { type LogSpacedStepsOptions, logSpacedSteps } from './operators/log-spaced-steps.js';
export { ofMeasurement } from './operators/of-measurement.js';
export { ofType } from './operators/of-type.js';
export { type ParameterDriftOptions, parameterDrift } from './operators/parameter-drift.js';
export { type ParameterUpdatesOptions, parameterUpdates } from './operators/parameter-updates.js';
export { perSubscription } from './operators/per-subscription.js';
export type { HasEvents, RunOperator } from './operators/recorded-measurements.js';
export type { Schedule, SchedulePosition } from './operators/schedule.js';
export { type ParameterPattern, selectParameters } from './operators/select-parameters.js';
export { type ThroughputOptions, throughput } from './operators/throughput.js';
export { type TopUpdatesOptions, topUpdates } from './operators/top-updates.js';
export { type UpdatesAfterAlertOptions, updatesAfterAlert } from './operators/updates-after-alert.js';
export type { ArrayValues, NamedArrays } from './parameters/array-parameters.js';
export type { JointStatistic } from './parameters/joint-statistics.js';
export { layerOf } from './parameters/layer-of.js';
export type {
  AnyParameterUpdates,
  ParameterUpdate,
  ParameterUpdates,
  ParameterUpdatesData,
} from './parameters/parameter-updates.js';
export { columnOf, createParameterUpdates, pickParameters, statisticsOf } from './parameters/parameter-updates.js';
export type { Piece, RankParameters } from './parameters/rank-sums.js';
export type {
  Comparison,
  DefaultStatistic,
  HistogramSubject,
  MagnitudeHistogram,
  MagnitudeHistograms,
  Measure,
  Statistic,
  StatisticColumns,
} from './parameters/statistics.js';
export { DEFAULT_STATISTICS, STATISTICS } from './parameters/statistics.js';
export type { MaybePromise, Snapshot, StepParameters } from './parameters/step-parameters.js';
export type { SumField, UpdateSums } from './parameters/update-sums.js';
export {
  VALUE_STATISTICS,
  type ValueColumns,
  type ValueStatistic,
  valueStatistics,
} from './parameters/value-statistics.js';
export { type ParameterSums, type RecordDecoder, recordDecoder } from './records/decoder/record-decoder.js';
export { reviveRecord } from './records/decoder/revive-record.js';
export { allZero } from './rules/all-zero.js';
export { type ChangedBetweenUpdatesOptions, changedBetweenUpdates } from './rules/changed-between-updates.js';
export { type ConstantLossOptions, constantLoss } from './rules/constant-loss.js';
export { type ConstantPredictionOptions, constantPrediction } from './rules/constant-prediction.js';
export { createRule, type RuleDefinition, type RuleFinding, type RuleOptions } from './rules/create-rule.js';
export { type DeadReluOptions, deadRelu } from './rules/dead-relu.js';
export { type DefaultRulesOptions, defaultRules } from './rules/default-rules.js';
export { type ExplodingUpdatesOptions, explodingUpdates } from './rules/exploding-updates.js';
export type { Finding, Words } from './rules/finding.js';
export { type GradientNormJumpOptions, gradientNormJump } from './rules/gradient-norm-jump.js';
export { type IdenticalUnitsOptions, identicalUnits } from './rules/identical-units.js';
export { type LabelLeakOptions, labelLeak } from './rules/label-leak.js';
export { type LossNotDecreasingOptions, lossNotDecreasing } from './rules/loss-not-decreasing.js';
export { type LossSpikeOptions, lossSpike } from './rules/loss-spike.js';
export { nonFinite } from './rules/non-finite.js';
export { nonFiniteLoss } from './rules/non-finite-loss.js';
export { type OverfitOptions, overfit } from './rules/overfit.js';
export { type OvertrainingOptions, overtraining } from './rules/overtraining.js';
export { type PoorInitializationOptions, poorInitialization } from './rules/poor-initialization.js';
export { ranksDiffer } from './rules/ranks-differ.js';
export { type SameOrderOptions, sameOrder } from './rules/same-order.js';
export { type SaturatedActivationOptions, saturatedActivation } from './rules/saturated-activation.js';
export { type SlowLoaderOptions, slowLoader } from './rules/slow-loader.js';
export { type StaleBatchNormOptions, staleBatchNorm } from './rules/stale-batch-norm.js';
export { type StalledTrainingOptions, type StallTimer, stalledTraining } from './rules/stalled-training.js';
export { type StragglersOptions, stragglers } from './rules/stragglers.js';
export { type StrongDecayOptions, strongDecay } from './rules/strong-decay.js';
export { type TensorLeakOptions, tensorLeak } from './rules/tensor-leak.js';
export { type TinyUpdatesOptions, tinyUpdates } from './rules/tiny-updates.js';
export { type UnboundedLossOptions, unboundedLoss } from './rules/unbounded-loss.js';
export { type UnchangedParameterOptions, unchangedParameter } from './rules/unchanged-parameter.js';
export { type RatioStatistic, type UpdateRatioBandOptions, updateRatioBand } from './rules/update-ratio-band.js';
export { type VanishingGradientsOptions, vanishingGradients } from './rules/vanishing-gradients.js';
export { zeroLearningRate } from './rules/zero-learning-rate.js';
export type { AttachOptions, Follower } from './run/attachments.js';
export type { PublishedEvent } from './run/event-bus.js';
export type { CommandHandlers } from './run/loop-control.js';
export type {
  AsyncObservation,
  LoopEvent,
  LoopReport,
  Observation,
  ObservedStep,
  ObserveOptions,
} from './run/observation.js';
export { observe } from './run/observe.js';
export type { RunOptions } from './run/open-run.js';
export type { Run } from './run/run.js';
export type { SinkErrorHandler } from './run/sink-errors.js';
export type { LoopPlan } from './run/training-span.js';
export { confusionTable } from './sinks/console/confusion-table.js';
export { type ConsoleSinkOptions, type ConsoleStyle, consoleSink } from './sinks/console/console-sink.js';
export type { ConsoleTable } from './sinks/console/console-table.js';
export { modelTable } from './sinks/console/model-table.js';
export type { ConsoleOutput } from './sinks/console/terminal.js';
export { valuesTable } from './sinks/console/values-table.js';
export { createSink, type SinkWork } from './sinks/create-sink.js';
export { type MessageTarget, portSink } from './sinks/port/port-sink.js';
