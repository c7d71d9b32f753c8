import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { batchCount } from '../data/batches.js';

/** How long a training is going to be. */
export interface TrainingPlan {
  readonly maxSteps: number;
  readonly numTrainEpochs: number;
  readonly updatesPerEpoch: number;
  /** Micro-batches in an epoch. */
  readonly batchesPerEpoch: number;
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
  };
}
