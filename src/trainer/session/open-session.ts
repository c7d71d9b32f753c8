import type { Optimizer } from '@tensorflow/tfjs-core';
import { LearningRateFactors } from '../../run/index.js';
import type { NamedParameter } from '../../tfjs/index.js';
import { absoluteSteps, lengthGroupSize, warmupUpdates } from '../arguments/resolve-arguments.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { CheckpointKeeper, type Kept } from '../checkpoints/checkpoint-keeper.js';
import { checkSavable } from '../checkpoints/optimizer-state.js';
import { InputMeter } from '../data/input-meter.js';
import { exampleLengths, type LengthGrouping } from '../data/length-grouping.js';
import type { ExampleSource } from '../data/train-dataset.js';
import { LossMeter } from '../loop/loss-meter.js';
import { Rate } from '../loop/rate.js';
import { Requests } from '../loop/requests.js';
import type { TrainingPlan } from '../loop/training-plan.js';
import type { AdaptedModel } from '../model/trainable-model.js';
import { createScheduler, type Scheduler } from '../schedules/scheduler.js';
import { initialState, type TrainerState } from '../state/trainer-state.js';
import type { Session } from './session.js';

/** What a Trainer has for all its trainings. */
export type Equipment<Example> = Pick<
  Kept,
  'args' | 'model' | 'callbacks' | 'control' | 'history' | 'memory' | 'modelFiles' | 'lock' | 'store'
> &
  Pick<Session<Example>, 'bus' | 'queue' | 'announcer' | 'objective' | 'collate' | 'evaluate'> & {
    /** Whether there is something to evaluate on. */
    readonly canEvaluate: boolean;
  };

/**
 * What a training works with that begins anew.
 *
 * @throws TypeError for a model without a trainable parameter, a schedule that there is not, examples without a length
 * where they are to be grouped by it; Error for an optimizer that cannot be saved.
 */
export async function openSession<Example>(
  equipment: Equipment<Example>,
  plan: TrainingPlan,
  source: ExampleSource<Example>,
  optimizer: Optimizer,
): Promise<Session<Example>> {
  const { args, model, control, history, canEvaluate } = equipment;
  const scheduler = schedulerOf(args, plan);
  if (args.saveStrategy !== 'no' && !args.saveOnlyModel) await checkSavable(optimizer);
  const trainable = trainableOf(model);
  history.begin(
    trainable.map(({ name }) => name),
    trainable.map(({ variable }) => variable.size),
  );
  const factors = new LearningRateFactors();
  const rate = new Rate(scheduler, factors);
  const kept: Kept & Equipment<Example> = {
    ...equipment,
    ...{ optimizer, scheduler, factors },
    state: beginningState(args, plan),
    meter: new LossMeter(args.loggingNanInfFilter),
  };
  return {
    ...kept,
    ...{ plan, source, trainable, rate },
    requests: new Requests({ rate, control, canEvaluate }),
    grouping: await groupingOf(args, model, source),
    inputMeter: new InputMeter(args.includeNumInputTokensSeen, model.mainInputNames, model.parameters()),
    checkpoints: new CheckpointKeeper(kept, plan.isLengthKnown ? plan.batchesPerEpoch : null),
    tally: { beganAt: performance.now(), steps: 0, samples: 0, tokens: 0, last: undefined },
    position: { epoch: 0, batches: 0 },
  };
}

function schedulerOf(args: ResolvedArguments, { maxSteps }: TrainingPlan): Scheduler {
  return createScheduler(args.lrSchedulerType, {
    learningRate: args.learningRate,
    warmupSteps: warmupUpdates(args, maxSteps),
    trainingSteps: maxSteps,
    ...(args.lrSchedulerKwargs && { options: args.lrSchedulerKwargs }),
  });
}

function trainableOf(model: AdaptedModel): readonly NamedParameter[] {
  const trainable = model.parameters().filter(({ variable }) => variable.trainable);
  if (trainable.length > 0) return trainable;
  throw new TypeError('model: expected at least one trainable parameter, got none');
}

async function groupingOf<Example>(
  args: ResolvedArguments,
  model: AdaptedModel,
  source: ExampleSource<Example>,
): Promise<LengthGrouping | undefined> {
  const groupSize = lengthGroupSize(args);
  if (groupSize === null) return undefined;
  const lengths = await exampleLengths(source, args.lengthColumnName, model.mainInputNames);
  return { lengths, groupSize };
}

/** The state of a training that begins. */
function beginningState(args: ResolvedArguments, { maxSteps, numTrainEpochs }: TrainingPlan): TrainerState {
  return {
    ...initialState(),
    maxSteps,
    numTrainEpochs,
    trainBatchSize: args.perDeviceTrainBatchSize,
    loggingSteps: absoluteSteps(args.loggingSteps, maxSteps),
    evalSteps: absoluteSteps(args.evalSteps, maxSteps),
    saveSteps: absoluteSteps(args.saveSteps, maxSteps),
  };
}
