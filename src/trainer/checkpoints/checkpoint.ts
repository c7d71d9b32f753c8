import type { SavedMemory } from '../../events/index.js';
import type { ResolvedArguments, SamplingStrategy } from '../arguments/training-arguments.js';
import type { LossMeterState } from '../loop/loss-meter.js';
import type { ModelFiles } from '../model/trainable-model.js';
import type { Safetensors, SafetensorsTensor } from '../safetensors.js';
import type { SchedulerState } from '../schedules/scheduler.js';
import type { TrainerState } from '../state/trainer-state.js';

/**
 * Where the loop is, besides the state that people read: with this a resumed run does what the run that was not stopped
 * does. All that is random is drawn from the seeds and the position, so they are the whole random state.
 */
export interface LoopState {
  readonly seed: number;
  readonly dataSeed: number;
  readonly trainBatchSize: number;
  readonly samplingStrategy: SamplingStrategy;
  readonly gradientAccumulationSteps: number;
  /** Micro-batches in an epoch; null of a dataset whose length is not known before. */
  readonly batchesPerEpoch: number | null;
  /** Updates made, as in the state that people read. */
  readonly globalStep: number;
  /** Epochs that are over. */
  readonly epoch: number;
  /** Micro-batches of the running epoch that are over. */
  readonly batches: number;
  readonly loss: LossMeterState;
  /** By how much each control changes the rate of the schedule. */
  readonly learningRateFactors: Readonly<Record<string, number>>;
  /** Steps of the checkpoints that are this training's own, this one among them; not said by version 0.1.0. */
  readonly checkpoints?: readonly number[];
}

/** What only a run that is to be resumed needs. */
export interface ResumeState {
  readonly optimizer: Safetensors;
  readonly scheduler: SchedulerState;
  readonly loop: LoopState;
  /** Update norms of the steps so far. */
  readonly history: Safetensors;
  /** What rules and controls remember. */
  readonly memory: SavedMemory;
}

/** The content of a checkpoint folder. */
export interface Checkpoint {
  readonly weights: ReadonlyMap<string, SafetensorsTensor>;
  readonly state: TrainerState;
  readonly args: Partial<ResolvedArguments>;
  /** What the model and its tokenizer bring along, by the names of the files: config.json, tokenizer.json. */
  readonly modelFiles?: ModelFiles;
  /** Left out with `saveOnlyModel`. */
  readonly resume?: ResumeState;
}

/** The files of a checkpoint. */
export const FILES = {
  weights: 'model.safetensors',
  optimizer: 'optimizer.safetensors',
  scheduler: 'scheduler.json',
  loop: 'rng_state.json',
  history: 'update_history.safetensors',
  memory: 'run_memory.json',
  state: 'trainer_state.json',
  args: 'training_args.json',
  checksums: 'tensor_checksums.json',
} as const;

/** A checkpoint that cannot be used: which file, what was expected, what was found, and what to do. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}
