/** The front door of events/: what other rooms use of it. */
export {
  checkFunction,
  checkNames,
  checkNotNegative,
  checkOneOf,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkShare,
  checkThat,
  checkWholeNumber,
  describeValue,
  isCount,
  nearestHint,
  type OptionNames,
  withoutName,
} from './check-option.js';
export {
  type ClassAccuracy,
  type ClassifiedExamples,
  type ConfusionMatrix,
  checkConfusion,
  confusionMatrix,
  confusionOf,
  IGNORED_LABEL,
  largestOf,
  perClassAccuracy,
} from './confusion-matrix.js';
export { duration } from './duration.js';
export { evaluationOf } from './evaluation.js';
export type {
  AlertEvent,
  Confidence,
  Config,
  ControlCommand,
  ControlEvent,
  ControlRequest,
  EndStatus,
  Evaluation,
  EventContext,
  EventOf,
  Metrics,
  OptimizerStepEvent,
  PreOptimizerStepEvent,
  RanksEvent,
  Severity,
  SinkErrorEvent,
  StepEndEvent,
  TrainBeginEvent,
  TrainEndEvent,
  TrainingEvent,
  TrainingEventType,
} from './events.js';
export { isEventOf, isTrainingEvent, TRAINING_EVENT_TYPES } from './guards.js';
export {
  type ActivationName,
  type Activations,
  type GlobalNorms,
  type LayerActivations,
  MEASUREMENT_TYPES,
  type Measurements,
  type MeasurementType,
  type ParameterDrift,
  type ParameterValues,
  type RunRecord,
  type Throughput,
} from './measurements.js';
export { type MetricPhase, metricTag, namedMetrics } from './metric-names.js';
export { missingField } from './missing-field.js';
export { type LayerSummary, type ModelSummary, modelOf, modelTotals, shapesText } from './model-summary.js';
export { nextTask } from './next-task.js';
export { NOT_SENT } from './not-sent.js';
export { plain, plainLines } from './plain.js';
export { evaluationLossOf, requiredMetric } from './required-metric.js';
export { END_STATUSES, endText, type RunEnd, runEndOf } from './run-end.js';
export { type RunMemory, remembered, runMemory, type SavedMemory } from './run-memory.js';
export { SEVERITIES } from './severities.js';
export { shortNumber } from './short-number.js';
export type { Sink } from './sink.js';
export { SpeedWindow } from './speed-window.js';
export { guardText, textCell, unguardText } from './text-cell.js';
export { onBehalfOf, type TimeByName, TimeLedger } from './time-ledger.js';
export type {
  AnswerRecord,
  DroppedRecord,
  ParameterSumsRecord,
  ParametersRecord,
  Placement,
  SessionRecord,
  WireColumn,
  WireCommand,
  WireRecord,
} from './wire.js';
export { LONGEST_TIMER_MS, within } from './within.js';
export { withoutUndefined } from './without-undefined.js';
