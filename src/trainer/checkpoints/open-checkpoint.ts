import { describeValue } from '../../events/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import type { TrainingPlan } from '../loop/training-plan.js';
import type { DataPosition } from '../state/data-position.js';
import type { CheckpointStore } from '../stores/checkpoint-store.js';
import { checkResumeState } from './check-checkpoint.js';
import { type Checkpoint, CheckpointError, type LoopState, type ResumeState } from './checkpoint.js';
import { readCheckpoint } from './checkpoint-files.js';
import { lastCheckpoint } from './checkpoint-folder.js';
import { foreignFiles } from './load-model.js';

/** A checkpoint that is whole, and where in the data to go on from it. */
export interface OpenCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint & { readonly resume: ResumeState };
  readonly position: DataPosition;
}

/**
 * Read a checkpoint to go on from, with the data of now: a folder, or true for the last one in `outputDir`.
 *
 * @throws CheckpointError for one that is damaged, or of other data.
 */
export async function openCheckpoint(
  store: CheckpointStore,
  from: string | true,
  args: ResolvedArguments,
  plan: TrainingPlan,
): Promise<OpenCheckpoint> {
  const path = from === true ? await lastCheckpoint(store, args.outputDir) : from;
  const checkpoint = await wholeCheckpoint(store, path);
  const { loop } = checkpoint.resume;
  if (!args.ignoreDataSkip) checkSameData(loop, args, plan, path);
  return { path, checkpoint, position: positionOf(loop, args, plan) };
}

/** @throws CheckpointError for one that is damaged, or that cannot be gone on from. */
export async function wholeCheckpoint(store: CheckpointStore, path: string): Promise<OpenCheckpoint['checkpoint']> {
  const checkpoint = await readCheckpoint(store, path);
  const { resume } = checkpoint;
  if (!resume) {
    throw new CheckpointError(
      `${path}: expected the states of optimizer, schedule and data, got weights alone; it was written with saveOnlyModel or by another program, and cannot be resumed from${await foreignFiles(store, path)}`,
    );
  }
  checkResumeState(path, checkpoint.state, resume);
  return { ...checkpoint, resume };
}

/** Of an epoch that was over then, the end of now. */
function positionOf({ epoch, batches, batchesPerEpoch }: LoopState, args: ResolvedArguments, plan: TrainingPlan) {
  const isOver = batches >= (batchesPerEpoch ?? Infinity);
  if (args.ignoreDataSkip) return { epoch: isOver ? epoch + 1 : epoch, batches: 0 };
  return { epoch, batches: isOver ? plan.batchesPerEpoch : batches };
}

/** Other seeds or batches would be other data: what was seen would come again, and what was not might never. */
function checkSameData(loop: LoopState, args: ResolvedArguments, plan: TrainingPlan, path: string): void {
  const now = {
    seed: args.seed,
    dataSeed: args.dataSeed ?? args.seed,
    trainBatchSize: args.perDeviceTrainBatchSize,
    samplingStrategy: args.trainSamplingStrategy,
    // An update's examples are grouped together: with others in it, the order is another.
    ...(args.trainSamplingStrategy === 'group_by_length' && {
      gradientAccumulationSteps: args.gradientAccumulationSteps,
    }),
    // In the middle of an epoch, what is left of it is told by its length, where that is known.
    ...(isMidEpoch(loop) && plan.isLengthKnown && { batchesPerEpoch: plan.batchesPerEpoch }),
  };
  for (const key of Object.keys(now) as (keyof typeof now)[]) {
    if (loop[key] === now[key]) continue;
    throw new CheckpointError(
      `${NAMES[key]}: expected that of the checkpoint ${path}, ${describeValue(loop[key])}, got ${describeValue(now[key])}; resume with the same, or set ignoreDataSkip`,
    );
  }
}

function isMidEpoch({ batches, batchesPerEpoch }: LoopState): boolean {
  return batchesPerEpoch !== null && batches > 0 && batches < batchesPerEpoch;
}

const NAMES = {
  seed: 'seed',
  dataSeed: 'dataSeed',
  trainBatchSize: 'perDeviceTrainBatchSize',
  samplingStrategy: 'trainSamplingStrategy',
  gradientAccumulationSteps: 'gradientAccumulationSteps (with trainSamplingStrategy "group_by_length")',
  batchesPerEpoch: 'trainDataset (batches in an epoch)',
} as const;
