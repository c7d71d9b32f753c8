import type { Optimizer } from '@tensorflow/tfjs-core';
import { describeValue } from '../../events/check-option.js';
import type { RunMemory } from '../../events/run-memory.js';
import type { LearningRateFactors } from '../../run/learning-rate-factors.js';
import { lengthGroupSize } from '../arguments/resolve-arguments.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { readCallbacks, restoreCallbacks } from '../callbacks/callback-states.js';
import type { TrainerCallback } from '../callbacks/trainer-callback.js';
import type { LossMeter } from '../loop/loss-meter.js';

import type { AdaptedModel } from '../model/trainable-model.js';
import type { Scheduler } from '../schedules/scheduler.js';
import type { DataPosition } from '../state/data-position.js';
import type { TrainerControl } from '../state/trainer-control.js';
import type { TrainerState } from '../state/trainer-state.js';
import type { UpdateHistory } from '../update-history.js';
import { type Checkpoint, CheckpointError, type LoopState, type ResumeState } from './checkpoint.js';
import { decodeHistory, encodeHistory } from './history-tensor.js';
import { readOptimizer, writeOptimizer } from './optimizer-state.js';
import { areFinite, readWeights, writeWeights } from './weights.js';

/** What is saved and restored. */
export interface Kept {
  readonly args: ResolvedArguments;
  readonly model: AdaptedModel;
  readonly callbacks: readonly TrainerCallback[];
  readonly control: TrainerControl;
  readonly state: TrainerState;
  readonly history: UpdateHistory;
  readonly optimizer: Optimizer;
  readonly scheduler: Scheduler;
  readonly meter: LossMeter;
  readonly factors: LearningRateFactors;
  /** What rules and controls remember. */
  readonly memory: RunMemory;
}

/** Files are for Node; a browser loads none of it until it asks for a checkpoint. */
const folders = () => import('./checkpoint-folder.js');

/** Writes, reads and removes the checkpoints of one training. */
export class CheckpointKeeper {
  /** This training's own, oldest first: others in the folder are left alone. */
  #own: string[] = [];

  constructor(
    private readonly kept: Kept,
    private readonly batchesPerEpoch: number,
  ) {}

  /** Write a checkpoint of now, and give its folder. */
  async save(position: DataPosition): Promise<string> {
    const { checkpointPath, rotateCheckpoints, writeCheckpoint } = await folders();
    const { args, callbacks, control, model, state } = this.kept;
    const path = checkpointPath(args.outputDir, state.globalStep);
    this.#own = [...this.#own.filter((own) => own !== path), path];
    const best = state.bestGlobalStep === null ? undefined : checkpointPath(args.outputDir, state.bestGlobalStep);
    if (best !== undefined && this.#own.includes(best)) state.bestModelCheckpoint = best;
    state.statefulCallbacks = readCallbacks(callbacks, control);
    await writeCheckpoint(path, {
      weights: await readWeights(model.parameters()),
      state,
      args,
      ...(!args.saveOnlyModel && { resume: await this.#resumeState(position) }),
    });
    if (args.saveTotalLimit !== undefined) {
      this.#own = await rotateCheckpoints(this.#own, args.saveTotalLimit, state.bestModelCheckpoint);
    }
    return path;
  }

  /**
   * Go on from a checkpoint: a folder, or true for the last one there is. Gives the position in the data, and the names
   * of callbacks whose states no callback took.
   *
   * @throws CheckpointError for one that this run cannot go on from.
   */
  async resume(from: string | true): Promise<{ readonly position: DataPosition; readonly unknown: readonly string[] }> {
    const { lastCheckpoint, listCheckpoints, readCheckpoint, samePath } = await folders();
    const { args, callbacks, control, factors, memory, state } = this.kept;
    const path = from === true ? await lastCheckpoint(args.outputDir) : from;
    const checkpoint = await readCheckpoint(path);
    const { loop, memory: remembered } = resumeOf(checkpoint, path);
    if (!args.ignoreDataSkip) checkSameData(loop, args, path);
    await this.#apply(checkpoint, path);
    memory.restore(remembered);
    factors.resume(loop.learningRateFactors, memory.resumed);
    const earlier = await listCheckpoints(args.outputDir);
    this.#own = earlier.filter((own) => Number(own.split('-').at(-1)) <= state.globalStep);
    // The folder may have been moved, or the best one removed: then there is none to go back to.
    if (state.bestModelCheckpoint !== null) {
      state.bestModelCheckpoint = samePath(this.#own, state.bestModelCheckpoint) ?? null;
    }
    const unknown = args.restoreCallbackStatesFromCheckpoint
      ? restoreCallbacks(callbacks, control, state.statefulCallbacks)
      : [];
    return { position: this.#positionOf(loop), unknown };
  }

  /**
   * Put back the last checkpoint of this training, of fewer steps than `beforeStep`, that is whole and has only finite
   * weights; later ones are removed. Rules and controls live on: what they remember stays as it is, and so do the factors
   * that they have set. Gives the rate that came next at the checkpoint, too.
   *
   * @throws CheckpointError when there is none.
   */
  async rollBack(beforeStep = Infinity): Promise<{ readonly position: DataPosition; readonly learningRate: number }> {
    const { readCheckpoint, removeCheckpoint } = await folders();
    for (const path of this.#own.toReversed()) {
      const checkpoint = await readCheckpoint(path).catch(() => undefined);
      if (!checkpoint?.resume || checkpoint.state.globalStep >= beforeStep || !areFinite(checkpoint.weights)) continue;
      await this.#apply(checkpoint, path);
      // Later ones are of what has just been undone: nobody shall go on from them.
      const undone = this.#own.splice(this.#own.indexOf(path) + 1);
      for (const later of undone) await removeCheckpoint(later);
      const { epoch, batches, learningRateFactors } = checkpoint.resume.loop;
      const factor = Object.values(learningRateFactors).reduce((product, one) => product * one, 1);
      return { position: { epoch, batches }, learningRate: this.kept.scheduler.learningRate * factor };
    }
    const before = beforeStep < Infinity ? ` from before step ${beforeStep}` : '';
    throw new CheckpointError(
      `rollback: expected a checkpoint of this training with finite weights${before}, got none`,
    );
  }

  /** Take the weights of the best checkpoint, if there is one, and say which it is. */
  async loadBest(): Promise<string | undefined> {
    const { model, state } = this.kept;
    const best = state.bestModelCheckpoint;
    if (best === null) return undefined;
    const { readModel } = await folders();
    writeWeights(model.parameters(), await readModel(best), best);
    return best;
  }

  /** At the end, with a limit of one: until then, the last checkpoint is kept besides the best. */
  async keepBestAlone(): Promise<void> {
    const best = this.kept.state.bestModelCheckpoint;
    if (this.kept.args.saveTotalLimit !== 1 || best === null) return;
    const { removeCheckpoint } = await folders();
    for (const path of this.#own.filter((own) => own !== best)) await removeCheckpoint(path);
    this.#own = [best];
  }

  async #apply(checkpoint: Checkpoint, path: string): Promise<void> {
    const { model, history, optimizer, scheduler, state, meter } = this.kept;
    const { optimizer: remembered, scheduler: schedule, loop, history: rows } = resumeOf(checkpoint, path);
    const parameters = model.parameters();
    writeWeights(parameters, checkpoint.weights, path);
    await writeOptimizer(optimizer, parameters, remembered, path);
    scheduler.restore(schedule);
    // How long and how often is said by the arguments of now.
    const { maxSteps, numTrainEpochs, loggingSteps, evalSteps, saveSteps, trainBatchSize } = state;
    Object.assign(state, checkpoint.state, {
      maxSteps,
      numTrainEpochs,
      loggingSteps,
      evalSteps,
      saveSteps,
      trainBatchSize,
    });
    meter.restore(loop.loss);
    history.begin(history.names, history.sizes, decodeHistory(rows, history.names));
  }

  async #resumeState({ epoch, batches }: DataPosition): Promise<ResumeState> {
    const { args, model, optimizer, scheduler, meter, factors, history, memory } = this.kept;
    return {
      optimizer: await readOptimizer(optimizer, model.parameters()),
      scheduler: scheduler.state(),
      loop: {
        seed: args.seed,
        dataSeed: args.dataSeed ?? args.seed,
        trainBatchSize: args.perDeviceTrainBatchSize,
        lengthGroupSize: lengthGroupSize(args),
        epoch,
        batches,
        loss: meter.state(),
        learningRateFactors: factors.save(),
      },
      history: encodeHistory(history.names, history.rows),
      memory: memory.save(),
    };
  }

  #positionOf({ epoch, batches }: LoopState): DataPosition {
    if (!this.kept.args.ignoreDataSkip) return { epoch, batches };
    return { epoch: batches >= this.batchesPerEpoch ? epoch + 1 : epoch, batches: 0 };
  }
}

/** @throws CheckpointError for weights alone. */
function resumeOf({ resume }: Checkpoint, path: string): ResumeState {
  if (resume) return resume;
  throw new CheckpointError(
    `${path}: expected the states of optimizer, schedule and data, got weights alone; it was written with saveOnlyModel or by another program, and cannot be resumed from`,
  );
}

/** Other seeds or batches would be other data: what was seen would come again, and what was not might never. */
function checkSameData(loop: LoopState, args: ResolvedArguments, path: string): void {
  const now = {
    seed: args.seed,
    dataSeed: args.dataSeed ?? args.seed,
    trainBatchSize: args.perDeviceTrainBatchSize,
    lengthGroupSize: lengthGroupSize(args),
  };
  const names = {
    seed: 'seed',
    dataSeed: 'dataSeed',
    trainBatchSize: 'perDeviceTrainBatchSize',
    lengthGroupSize: 'groupByLength (examples in an update)',
  } as const;
  for (const key of Object.keys(names) as (keyof typeof names)[]) {
    if (loop[key] === now[key]) continue;
    throw new CheckpointError(
      `${names[key]}: expected that of the checkpoint ${path}, ${describeValue(loop[key])}, got ${describeValue(now[key])}; resume with the same, or set ignoreDataSkip`,
    );
  }
}
