/**
 * A Trainer with Hugging Face semantics, AdamW, and learning rate schedules.
 *
 * @module
 */

export { folderStore } from '#trainer/stores/folder-store';
export { IGNORED_LABEL } from './events/confusion-matrix.js';
export type { StepSums } from './parameters/kernels/kernel.js';
export type { HeldState } from './tfjs/index.js';
export type {
  IntervalStrategy,
  OptionalArguments,
  ResolvedArguments,
  SamplingStrategy,
  SaveFailure,
  SaveStrategy,
  TokenCounting,
  TrainingArguments,
} from './trainer/arguments/training-arguments.js';
export { EarlyStopping, type EarlyStoppingCallbackOptions } from './trainer/callbacks/early-stopping.js';
export type {
  CallbackContext,
  LogContext,
  MetricsContext,
  OptimizerStepContext,
  PreOptimizerStepContext,
  TrainerCallback,
  TrainerHook,
} from './trainer/callbacks/trainer-callback.js';
export { CheckpointError } from './trainer/checkpoints/checkpoint.js';
export type { LoadedWeights } from './trainer/checkpoints/load-model.js';
export { type Collator, defaultCollator } from './trainer/data/collate.js';
export type { IndexedDataset, TensorFlowDataset, TrainDataset } from './trainer/data/train-dataset.js';
export { accuracy } from './trainer/evaluation/accuracy.js';
export type { ComputeMetrics, EvalPrediction } from './trainer/evaluation/evaluate-model.js';
export type { NamedDatasets, PredictionOutput } from './trainer/evaluation/evaluator.js';
export type { NumericArray } from './trainer/evaluation/numeric-array.js';
export { type LossOptions, lossOfLogits } from './trainer/model/loss.js';
export type { ComputeLoss, LossContext } from './trainer/model/objective.js';
export type {
  Batch,
  BatchValues,
  ForwardModel,
  ForwardOptions,
  HasFiles,
  ModelFiles,
  ModelOutput,
  TrainableModel,
} from './trainer/model/trainable-model.js';
export {
  AdamW,
  type AdamWGroup,
  type AdamWMoments,
  type AdamWOptions,
  type AdamWState,
} from './trainer/optimizer/adamw.js';
export type { DecayParameters } from './trainer/optimizer/create-optimizer.js';
export { hasWeightDecay } from './trainer/optimizer/weight-decay.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensor,
  type Safetensors,
  type SafetensorsDtype,
  SafetensorsError,
  type SafetensorsTensor,
  toFloat32,
} from './trainer/safetensors.js';
export type { GreedyOptions } from './trainer/schedules/greedy.js';
export type { PlateauScheduleOptions } from './trainer/schedules/reduce-on-plateau.js';
export {
  type AnySchedulerOptions,
  createScheduler,
  type MinLrOptions,
  SCHEDULER_TYPES,
  type Scheduler,
  type SchedulerOptions,
  type SchedulerSettings,
  type SchedulerState,
  type SchedulerType,
} from './trainer/schedules/scheduler.js';
export type { RampShape, WarmupStableDecayOptions } from './trainer/schedules/schedules.js';
export type { TrainerControl } from './trainer/state/trainer-control.js';
export type { CallbackState, LogEntry, TrainerState } from './trainer/state/trainer-state.js';
export type { CheckpointStore, StoredFiles } from './trainer/stores/checkpoint-store.js';
export { type IndexedDbStoreOptions, indexedDbStore } from './trainer/stores/indexed-db-store.js';
export { memoryStore } from './trainer/stores/memory-store.js';
export { packCheckpoint, unpackCheckpoint } from './trainer/stores/pack-checkpoint.js';
export { Trainer } from './trainer/trainer.js';
export type { EvaluationOptions, TrainerOptions, TrainOptions, TrainOutput } from './trainer/trainer-options.js';
