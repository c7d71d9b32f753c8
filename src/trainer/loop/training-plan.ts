import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { batchCount } from '../data/batches.js';
import type { DataPosition } from '../state/data-position.js';

/** How long a training is going to be. */
export interface TrainingPlan {
  readonly maxSteps: number;
  readonly numTrainEpochs: number;
  readonly updatesPerEpoch: number;
  /** Micro-batches in an epoch. */
  readonly batchesPerEpoch: number;
  /** Whether the dataset said its length: else an epoch is as long as it turns out, and these numbers are the most. */
  readonly isLengthKnown: boolean;
}

/**
 * The plan for a dataset of `length` examples, undefined where that is not known.
 *
 * @throws RangeError for a dataset without a batch, or without a length where none of `maxSteps` is given.
 */
export function planTraining(args: ResolvedArguments, length: number | undefined): TrainingPlan {
  const { perDeviceTrainBatchSize, gradientAccumulationSteps, dataloaderDropLast } = args;
  const given = args.maxSteps > 0 ? args.maxSteps : undefined;
  if (length === undefined) {
    if (given === undefined) {
      throw new RangeError(
        `maxSteps: expected a number above 0 with a trainDataset whose length is not known before, got ${args.maxSteps}; the schedule needs it`,
      );
    }
    return {
      maxSteps: given,
      numTrainEpochs: Number.MAX_SAFE_INTEGER,
      updatesPerEpoch: given,
      batchesPerEpoch: given * gradientAccumulationSteps,
      isLengthKnown: false,
    };
  }
  const batchesPerEpoch = batchCount(length, perDeviceTrainBatchSize, dataloaderDropLast);
  if (batchesPerEpoch === 0) {
    const what = dataloaderDropLast ? ` of ${perDeviceTrainBatchSize}, with dataloaderDropLast` : '';
    throw new RangeError(`trainDataset: expected at least one batch${what}, got ${length} examples`);
  }
  const updatesPerEpoch = Math.ceil(batchesPerEpoch / gradientAccumulationSteps);
  return {
    maxSteps: given ?? Math.ceil(args.numTrainEpochs * updatesPerEpoch),
    numTrainEpochs: Math.ceil(given === undefined ? args.numTrainEpochs : given / updatesPerEpoch),
    updatesPerEpoch,
    batchesPerEpoch,
    isLengthKnown: true,
  };
}

/** Where a training is that goes on, and what its epochs were made of until then. */
export interface ResumedAt {
  readonly position: DataPosition;
  readonly globalStep: number;
  readonly gradientAccumulationSteps: number;
  readonly batchesPerEpoch: number | null;
}

/**
 * The plan of a training that goes on. Where its updates are of other sizes now, those of before say nothing of what is
 * left: that is counted from the position in the data.
 */
export function resumedPlan(plan: TrainingPlan, args: ResolvedArguments, at: ResumedAt): TrainingPlan {
  const { batchesPerEpoch, updatesPerEpoch, isLengthKnown } = plan;
  const { gradientAccumulationSteps: perUpdate } = args;
  const isSame = at.gradientAccumulationSteps === perUpdate && at.batchesPerEpoch === batchesPerEpoch;
  if (isSame || !isLengthKnown) return plan;
  const { epoch, batches } = at.position;
  const inThisEpoch = Math.ceil((batchesPerEpoch - batches) / perUpdate);
  if (args.maxSteps > 0) {
    const afterIt = Math.max(0, args.maxSteps - at.globalStep - inThisEpoch);
    return { ...plan, numTrainEpochs: epoch + 1 + Math.ceil(afterIt / updatesPerEpoch) };
  }
  const epochsLeft = args.numTrainEpochs - epoch;
  const left =
    epochsLeft >= 1
      ? inThisEpoch + Math.ceil((epochsLeft - 1) * updatesPerEpoch)
      : Math.ceil((epochsLeft * batchesPerEpoch - batches) / perUpdate);
  return { ...plan, maxSteps: at.globalStep + Math.max(0, left) };
}
