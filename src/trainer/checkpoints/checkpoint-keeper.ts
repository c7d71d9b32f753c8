import type { Optimizer } from '@tensorflow/tfjs-core';
import type { RunMemory } from '../../events/index.js';
import type { LearningRateFactors } from '../../run/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import { readCallbacks, restoreCallbacks } from '../callbacks/callback-states.js';
import type { TrainerCallback } from '../callbacks/trainer-callback.js';
import type { LossMeter } from '../loop/loss-meter.js';
import type { AdaptedModel, ModelFiles } from '../model/trainable-model.js';
import type { Scheduler } from '../schedules/scheduler.js';
import type { DataPosition } from '../state/data-position.js';
import type { TrainerControl } from '../state/trainer-control.js';
import type { TrainerState } from '../state/trainer-state.js';
import type { CheckpointStore } from '../stores/checkpoint-store.js';
import type { UpdateHistory } from '../update-history.js';
import { checkSchedule } from './check-checkpoint.js';
import { CheckpointError, FILES, type ResumeState } from './checkpoint.js';
import { contentsOf, readModel } from './checkpoint-files.js';
import { checkpointPath, listCheckpoints, rotateCheckpoints, stepOfCheckpoint } from './checkpoint-folder.js';
import { decodeHistory, encodeHistory } from './history-tensor.js';
import { type OpenCheckpoint, wholeCheckpoint } from './open-checkpoint.js';
import { preparedOptimizer, readOptimizer } from './optimizer-state.js';
import type { OutputLock } from './output-lock.js';
import { areFinite, checkWeights, readWeights, writeWeights } from './weights.js';

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
  /** What the model and its tokenizer bring along. */
  readonly modelFiles: () => Promise<ModelFiles>;
  readonly lock: OutputLock;
  /** Where checkpoints are. */
  readonly store: CheckpointStore;
}

/** Writes, reads and removes the checkpoints of one training. */
export class CheckpointKeeper {
  /** This training's own, oldest first: others in the folder are left alone. */
  #own: string[] = [];

  constructor(
    private readonly kept: Kept,
    private readonly batchesPerEpoch: number | null,
  ) {}

  /** Write a checkpoint of now, and give its folder. */
  async save(position: DataPosition): Promise<string> {
    const { args, callbacks, control, model, state, store } = this.kept;
    await this.kept.lock.take();
    const path = checkpointPath(store, args.outputDir, state.globalStep);
    const own = [...this.#own.filter((one) => one !== path), path];
    const { bestGlobalStep } = state;
    const best = bestGlobalStep === null ? undefined : checkpointPath(store, args.outputDir, bestGlobalStep);
    const bestModelCheckpoint = best !== undefined && own.includes(best) ? best : state.bestModelCheckpoint;
    state.statefulCallbacks = readCallbacks(callbacks, control);
    const files = contentsOf({
      weights: await readWeights(model.parameters()),
      state: { ...state, bestModelCheckpoint },
      args,
      modelFiles: await this.kept.modelFiles(),
      ...(!args.saveOnlyModel && { resume: await this.#resumeState(position, own) }),
    });
    await store.replace(path, files);
    this.#own = own;
    state.bestModelCheckpoint = bestModelCheckpoint;
    if (args.saveTotalLimit !== undefined) {
      this.#own = await rotateCheckpoints(store, this.#own, args.saveTotalLimit, state.bestModelCheckpoint);
    }
    return path;
  }

  /**
   * Go on from a checkpoint. Gives the names of callbacks whose states no callback took.
   *
   * @throws CheckpointError for one that this run cannot go on from; nothing is changed then.
   */
  async resume({ path, checkpoint }: OpenCheckpoint): Promise<readonly string[]> {
    const { args, callbacks, control, factors, memory, state, store } = this.kept;
    const apply = this.#prepared(checkpoint, path);
    // A callback may refuse its state: before anything else is changed.
    const unknown = args.restoreCallbackStatesFromCheckpoint
      ? restoreCallbacks(callbacks, control, checkpoint.state.statefulCallbacks)
      : [];
    await apply();
    memory.restore(checkpoint.resume.memory);
    factors.resume(checkpoint.resume.loop.learningRateFactors, memory.resumed);
    this.#own = await this.#ownOf(path, checkpoint);
    // The folder may have been moved, or the best one removed: then there is none to go back to.
    const best = state.bestModelCheckpoint;
    if (best !== null) state.bestModelCheckpoint = this.#own.find((own) => store.isSame(own, best)) ?? null;
    return unknown;
  }

  /**
   * Put back the last checkpoint of this training, of fewer steps than `beforeStep`, that is whole and has only finite
   * weights; later ones are removed. Rules and controls live on: what they remember stays as it is, and so do the factors
   * that they have set. Gives the rate that came next at the checkpoint, too.
   *
   * @throws CheckpointError when there is none.
   */
  async rollBack(beforeStep = Infinity): Promise<{ readonly position: DataPosition; readonly learningRate: number }> {
    const { store } = this.kept;
    for (const path of this.#own.toReversed()) {
      const checkpoint = await wholeCheckpoint(store, path).catch(() => undefined);
      if (!checkpoint || checkpoint.state.globalStep >= beforeStep || !areFinite(checkpoint.weights)) continue;
      await this.#prepared(checkpoint, path)();
      // Later ones are of what has just been undone: nobody shall go on from them.
      const undone = this.#own.splice(this.#own.indexOf(path) + 1);
      for (const later of undone) await store.remove(later);
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
    const { model, state, store } = this.kept;
    const best = state.bestModelCheckpoint;
    if (best === null) return undefined;
    writeWeights(model.parameters(), await readModel(store, best), best);
    return best;
  }

  /** At the end, with a limit of one: until then, the last checkpoint is kept besides the best. */
  async keepBestAlone(): Promise<void> {
    const best = this.kept.state.bestModelCheckpoint;
    if (this.kept.args.saveTotalLimit !== 1 || best === null) return;
    for (const path of this.#own.filter((own) => own !== best)) await this.kept.store.remove(path);
    this.#own = [best];
  }

  /** The checkpoints of a training that goes on from one of them: what another run left in the folder is not its own. */
  async #ownOf(path: string, { state, resume }: OpenCheckpoint['checkpoint']): Promise<string[]> {
    const { args, store } = this.kept;
    if (!store.isSame(path, checkpointPath(store, args.outputDir, state.globalStep))) return [];
    const isOwn = (step: number) => resume.loop.checkpoints?.includes(step) ?? step <= state.globalStep;
    return (await listCheckpoints(store, args.outputDir)).filter((one) => isOwn(stepOfCheckpoint(one)));
  }

  /** Look at a checkpoint whole, and give what goes on from it: all or nothing. */
  #prepared({ weights, state: saved, resume }: OpenCheckpoint['checkpoint'], path: string): () => Promise<void> {
    const { model, history, optimizer, scheduler, state, meter } = this.kept;
    const parameters = model.parameters();
    checkWeights(parameters, weights, path);
    checkSchedule(path, resume.scheduler, scheduler.state());
    const rows = decodeHistory(resume.history, history.names, saved.globalStep, path);
    const file = `${path}/${FILES.optimizer}`;
    const restoreOptimizer = preparedOptimizer(optimizer, parameters, resume.optimizer, file, saved.globalStep);
    return async () => {
      scheduler.restore(resume.scheduler);
      await restoreOptimizer();
      writeWeights(parameters, weights, path);
      // How long and how often is said by the arguments of now.
      const { maxSteps, numTrainEpochs, loggingSteps, evalSteps, saveSteps, trainBatchSize } = state;
      const ofNow = { maxSteps, numTrainEpochs, loggingSteps, evalSteps, saveSteps, trainBatchSize };
      Object.assign(state, saved, ofNow);
      meter.restore(resume.loop.loss);
      history.begin(history.names, history.sizes, rows);
    };
  }

  async #resumeState({ epoch, batches }: DataPosition, own: readonly string[]): Promise<ResumeState> {
    const { args, model, optimizer, scheduler, meter, factors, history, memory } = this.kept;
    return {
      optimizer: await readOptimizer(optimizer, model.parameters()),
      scheduler: scheduler.state(),
      loop: {
        seed: args.seed,
        dataSeed: args.dataSeed ?? args.seed,
        trainBatchSize: args.perDeviceTrainBatchSize,
        samplingStrategy: args.trainSamplingStrategy,
        gradientAccumulationSteps: args.gradientAccumulationSteps,
        batchesPerEpoch: this.batchesPerEpoch,
        globalStep: this.kept.state.globalStep,
        epoch,
        batches,
        loss: meter.state(),
        learningRateFactors: factors.save(),
        checkpoints: own.map(stepOfCheckpoint),
      },
      history: encodeHistory(history.names, history.rows),
      memory: memory.save(),
    };
  }
}
