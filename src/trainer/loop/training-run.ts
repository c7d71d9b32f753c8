import { div, memory, type Optimizer, type Scalar, tidy } from '@tensorflow/tfjs-core';
import type { ControlCommand, ControlRequest, Metrics } from '../../events/events.js';
import { shortNumber } from '../../events/short-number.js';
import type { EventBus } from '../../run/event-bus.js';
import type { LearningRateFactors } from '../../run/learning-rate-factors.js';
import { setLearningRate } from '../../tfjs/learning-rate.js';
import { createStepParameters, type LiveParameters } from '../../tfjs/live-parameters.js';
import type { NamedParameter } from '../../tfjs/parameter-names.js';
import { readLoss } from '../../tfjs/read-loss.js';
import { stepSumsOf } from '../../tfjs/step-sums-of.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import type { CheckpointKeeper } from '../checkpoints/checkpoint-keeper.js';
import { batches, disposeBatches, groups, type SizedBatch } from '../data/batches.js';
import type { Collator } from '../data/collate.js';
import type { InputMeter } from '../data/input-meter.js';
import type { LengthGrouping } from '../data/length-grouping.js';
import { seededUint32 } from '../data/random.js';
import type { ExampleSource } from '../data/train-dataset.js';
import { IGNORED_LABEL } from '../model/loss.js';
import type { Objective } from '../model/objective.js';
import { toTensor } from '../model/to-tensor.js';
import type { Scheduler } from '../schedules/scheduler.js';
import type { TrainerControl } from '../state/trainer-control.js';
import type { TrainerState } from '../state/trainer-state.js';
import type { UpdateHistory } from '../update-history.js';
import type { Announcer } from './announcer.js';
import { breather } from './breathe.js';
import { Gradients } from './gradients.js';
import type { LossMeter } from './loss-meter.js';
import { speedMetrics } from './speed-metrics.js';
import type { TrainingPlan } from './training-plan.js';

/** Where a run is in the data. */
export interface DataPosition {
  /** Epochs that are over. */
  readonly epoch: number;
  /** Micro-batches of the running epoch that are over. */
  readonly batches: number;
}

/** What a run works with. */
export interface RunParts<Example> {
  readonly args: ResolvedArguments;
  readonly plan: TrainingPlan;
  readonly state: TrainerState;
  readonly control: TrainerControl;
  readonly bus: EventBus;
  readonly announcer: Announcer;
  readonly objective: Objective;
  readonly trainable: readonly NamedParameter[];
  readonly source: ExampleSource<Example>;
  /** Where examples of like length are to be together. */
  readonly grouping: LengthGrouping | undefined;
  readonly inputMeter: InputMeter;
  readonly collate: Collator<Example>;
  readonly optimizer: Optimizer;
  readonly scheduler: Scheduler;
  readonly history: UpdateHistory;
  readonly meter: LossMeter;
  readonly factors: LearningRateFactors;
  readonly checkpoints: Pick<CheckpointKeeper, 'save' | 'rollBack'>;
  /** Whether there is something to evaluate on. */
  readonly canEvaluate: boolean;
  /** Evaluate, and give the metrics. */
  readonly evaluate: () => Promise<Metrics>;
  /** Whether an evaluation is the best so far. */
  readonly judge: (metrics: Metrics) => boolean;
}

/** The source of the factor by which rollbacks have lowered the rate: that of the operator `rollback`, too. */
const ROLLBACK = 'rollback';

/** A command that has to wait for the end of the step. */
interface Deferred {
  readonly command: ControlCommand;
  readonly done: (outcome: string | undefined) => void;
  readonly refuse: (cause: unknown) => void;
}

/** One call of `train()`: the loop over epochs, updates and micro-batches, in transformers' order of events. */
export class TrainingRun<Example> {
  readonly #parts: RunParts<Example>;
  readonly #breathe = breather();
  #position: DataPosition;
  #deferred: Deferred[] = [];
  #skipNext = false;
  #rollback: Deferred | undefined;
  #lossIsFinite = true;
  #begin = performance.now();
  /** Since this call of `train()`: what a rollback has undone was computed all the same. */
  #tokens = 0;
  /** The factor of rollbacks when the last one was done. */
  #cut: number;
  /** What the last update was made with. */
  #last: { readonly gradNorm: number; readonly learningRate: number } | undefined;

  constructor(parts: RunParts<Example>, position: DataPosition) {
    this.#parts = parts;
    this.#position = position;
    this.#cut = parts.factors.of(ROLLBACK);
  }

  /** Train from the position on, to the end of the plan or until someone stops it. */
  async run(): Promise<void> {
    const { args, plan, state, control, announcer } = this.#parts;
    const { maxSteps, numTrainEpochs } = plan;
    this.#begin = performance.now();
    await announcer.say(
      'onTrainBegin',
      { type: 'train-begin', maxSteps, ...(numTrainEpochs < Number.MAX_SAFE_INTEGER && { numEpochs: numTrainEpochs }) },
      {},
    );
    if (args.evalOnStart) await this.#parts.evaluate();
    try {
      while (this.#position.epoch < numTrainEpochs && (this.#position.batches > 0 || state.globalStep < maxSteps)) {
        await this.#epoch(this.#position.epoch, this.#position.batches);
        if (control.shouldTrainingStop) break;
      }
    } finally {
      this.#refuseWaiting();
    }
  }

  /** Do what is asked of the loop: at once, or at the end of the step. @throws Error where it cannot be done. */
  act({ command, source }: ControlRequest): string | undefined | Promise<string | undefined> {
    switch (command.kind) {
      case 'set-learning-rate':
        return this.#changeRate(() => {
          this.#parts.scheduler.learningRate = checkRate(command.learningRate);
        });
      case 'scale-learning-rate':
        return this.#changeRate(() => this.#parts.factors.set(source, command.factor));
      case 'stop':
        this.#parts.control.shouldTrainingStop = true;
        return undefined;
      case 'skip-step':
        this.#skipNext = true;
        return undefined;
      case 'evaluate':
        if (!this.#parts.canEvaluate) throw new Error('evalDataset: expected one to evaluate on, got none');
        return this.#atEndOfStep(command);
      case 'save':
      case 'rollback':
        return this.#atEndOfStep(command);
    }
  }

  #atEndOfStep(command: ControlCommand): Promise<string | undefined> {
    return new Promise((done, refuse) => {
      this.#deferred.push({ command, done, refuse });
    });
  }

  get #learningRate(): number {
    return this.#parts.scheduler.learningRate * this.#parts.factors.product;
  }

  #changeRate(change: () => void): string {
    const before = this.#learningRate;
    change();
    return `learning rate ${shortNumber(before)} → ${shortNumber(this.#learningRate)}`;
  }

  async #epoch(epoch: number, skip: number): Promise<void> {
    const { state, control, announcer, plan } = this.#parts;
    await announcer.say('onEpochBegin', { type: 'epoch-begin' }, {});
    this.#position = { epoch, batches: skip };
    if (state.globalStep < plan.maxSteps) {
      let hasExamples = skip > 0;
      for await (const group of this.#groups(epoch, skip)) {
        hasExamples = true;
        await this.#update(epoch, group);
        if (this.#rollback) return this.#rollBack();
        if (control.shouldEpochStop || control.shouldTrainingStop) break;
        await this.#breathe();
      }
      if (!hasExamples) this.#noExamples(epoch);
    }
    this.#position = { epoch: epoch + 1, batches: 0 };
    await announcer.say('onEpochEnd', { type: 'epoch-end' }, {});
    await this.#logEvaluateSave();
    if (this.#rollback) await this.#rollBack();
  }

  #groups(epoch: number, skip: number): AsyncGenerator<SizedBatch[]> {
    const { args, source, grouping, collate } = this.#parts;
    const pass = batches(source, {
      batchSize: args.perDeviceTrainBatchSize,
      collate,
      shuffle: [args.dataSeed ?? args.seed, epoch],
      grouping,
      dropLast: args.dataloaderDropLast,
      skip,
    });
    return groups(pass, args.gradientAccumulationSteps);
  }

  /** One update: forward and backward for every micro-batch, clipping, the optimizer, the schedule. */
  async #update(epoch: number, group: readonly SizedBatch[]): Promise<void> {
    const { args, announcer, plan, bus, state } = this.#parts;
    const begin = performance.now();
    const gradients = new Gradients(this.#parts.trainable.map(({ variable }) => variable));
    const tokensBefore = this.#tokens;
    let loss = 0;
    try {
      await announcer.say('onStepBegin', { type: 'step-begin' }, {});
      const numItemsInBatch = this.#parts.objective.isMean ? 0 : countItems(group);
      for (const [i, { batch }] of group.entries()) {
        const share = await this.#backward(gradients, batch, i, group.length, numItemsInBatch);
        this.#parts.meter.add(share, state.globalStep);
        loss += share;
        await this.#countInput(batch);
        if (i === group.length - 1) break;
        await announcer.say('onSubstepEnd', { type: 'substep-end' }, {});
        if (this.#parts.control.shouldEpochStop || this.#parts.control.shouldTrainingStop) return;
      }
      const gradNorm = await gradients.norm();
      if (args.maxGradNorm > 0) gradients.clip(gradNorm, args.maxGradNorm);
      const learningRate = await this.#optimize(gradients, gradNorm);
      this.#last = { gradNorm, learningRate };
    } finally {
      gradients.dispose();
      disposeBatches(group);
    }
    state.globalStep++;
    this.#position = { epoch, batches: this.#position.batches + group.length };
    state.epoch = epoch + this.#position.batches / plan.batchesPerEpoch;
    const durationMs = performance.now() - begin;
    // Before the end of the step: a rule that watches for the same knows then that it has been told.
    this.#watchLoss(loss);
    await announcer.say(
      'onStepEnd',
      {
        type: 'step-end',
        loss,
        learningRate: this.#last.learningRate,
        durationMs,
        examples: group.reduce((sum, { size }) => sum + size, 0),
        // What listeners took between two steps counts too, and must not exceed the whole.
        observingMs: Math.min(bus.takeObservingMs(), durationMs),
        numTensors: memory().numTensors,
        ...(args.includeNumInputTokensSeen !== 'no' && { tokens: this.#tokens - tokensBefore }),
      },
      {},
    );
    await this.#logEvaluateSave();
  }

  /** A micro-batch's share of the loss; its gradients are added to the others. */
  async #backward(
    gradients: Gradients,
    batch: SizedBatch['batch'],
    index: number,
    count: number,
    numItemsInBatch: number,
  ): Promise<number> {
    const { args, objective, state } = this.#parts;
    const forward = { training: true, seed: seededUint32(args.seed, state.globalStep, index)() };
    const share = gradients.accumulate(() => {
      const loss = objective.trainingLoss(batch, forward, numItemsInBatch);
      return objective.isMean && count > 1 ? (div(loss, count) as Scalar) : loss;
    });
    try {
      return await readLoss(share);
    } finally {
      share.dispose();
    }
  }

  async #countInput(batch: SizedBatch['batch']): Promise<void> {
    const { inputMeter, state } = this.#parts;
    const { tokens = 0, floatingPointOperations } = await inputMeter.measure(batch);
    this.#tokens += tokens;
    state.numInputTokensSeen += tokens;
    state.totalFlos += floatingPointOperations;
  }

  /** Have the optimizer make the update, and give the rate that it was made with. */
  async #optimize(gradients: Gradients, gradNorm: number): Promise<number> {
    const { announcer, history, scheduler } = this.#parts;
    const parameters = createStepParameters(
      this.#parts.trainable.map(({ name, variable }) => {
        const gradient = gradients.of(variable);
        return gradient ? { name, variable, gradient } : { name, variable };
      }),
    );
    try {
      await announcer.say(
        'onPreOptimizerStep',
        { type: 'pre-optimizer-step', parameters },
        { parameters, gradients: gradients.byName, gradNorm },
      );
      const learningRate = this.#learningRate;
      if (this.#skipNext) {
        this.#skipNext = false;
        history.add(new Float64Array(this.#parts.trainable.length));
        return learningRate;
      }
      const updateNorms = this.#apply(parameters, gradients, learningRate);
      await announcer.say('onOptimizerStep', { type: 'optimizer-step', parameters }, { parameters });
      history.add(await updateNorms);
      // The rate is logged as it was before the schedule goes on.
      scheduler.advance();
      return learningRate;
    } finally {
      parameters.release();
    }
  }

  #apply(parameters: LiveParameters, gradients: Gradients, learningRate: number) {
    const { optimizer } = this.#parts;
    const before = parameters.snapshot();
    try {
      setLearningRate(optimizer, learningRate);
      tidy(() => optimizer.applyGradients(gradients.byName));
      parameters.advance(stepSumsOf(optimizer));
      const found = parameters.compare(before, { statistics: ['updateNorm'] });
      return found instanceof Promise ? found.then(({ columns }) => columns.updateNorm) : found.columns.updateNorm;
    } finally {
      before.dispose();
    }
  }

  /** What the end of a step or an epoch brings, in this order; and what control has asked for meanwhile. */
  async #logEvaluateSave(): Promise<void> {
    const { args, control, state } = this.#parts;
    const asked = this.#deferred.splice(0);
    const wants = (kind: ControlCommand['kind']) => asked.filter(({ command }) => command.kind === kind);
    try {
      if (control.shouldLog && this.#parts.meter.hasNews(state.globalStep)) await this.#log();
      if (control.shouldEvaluate || wants('evaluate').length > 0) {
        const isBest = await this.#evaluate();
        if (args.saveStrategy === 'best') control.shouldSave = isBest;
        for (const { done } of wants('evaluate')) done(undefined);
      }
      if (control.shouldSave || wants('save').length > 0) await this.#save(wants('save'));
    } catch (error) {
      for (const { refuse } of asked) refuse(error);
      throw error;
    }
    this.#rollback = wants('rollback').at(-1);
    for (const { done } of wants('rollback').slice(0, -1)) done('together with a later one');
  }

  async #log(): Promise<void> {
    const { announcer, args, state } = this.#parts;
    const metrics: Record<string, number> = { loss: this.#parts.meter.take(state.globalStep) };
    if (this.#last) {
      metrics.grad_norm = this.#last.gradNorm;
      metrics.learning_rate = this.#last.learningRate;
    }
    if (args.includeNumInputTokensSeen !== 'no') {
      Object.assign(metrics, speedMetrics('train', performance.now() - this.#begin, { tokens: this.#tokens }));
    }
    await logMetrics(announcer, args, state, metrics);
  }

  /** Evaluate, and say whether it is the best so far. */
  async #evaluate(): Promise<boolean> {
    const { evaluate, judge } = this.#parts;
    return judge(await evaluate());
  }

  /** Write a checkpoint. One that fails ends the training, unless it is only control that asked for it. */
  async #save(asked: readonly Deferred[]): Promise<void> {
    const { announcer, checkpoints, control } = this.#parts;
    let path: string;
    try {
      path = await checkpoints.save(this.#position);
    } catch (error) {
      if (control.shouldSave) throw error;
      for (const { refuse } of asked) refuse(error);
      return;
    }
    await announcer.say('onSave', { type: 'save', path }, {});
    for (const { done } of asked) done(path);
  }

  /** Back to the last good checkpoint, with the rate that is asked for, or a lower one. */
  async #rollBack(): Promise<void> {
    const { control, factors, plan, scheduler, state } = this.#parts;
    const { command, done, refuse } = this.#rollback!;
    const { learningRate: asked, beforeStep } = command.kind === 'rollback' ? command : {};
    this.#rollback = undefined;
    const from = state.globalStep;
    const rateBefore = this.#learningRate;
    try {
      const { position, learningRate } = await this.#parts.checkpoints.rollBack(beforeStep);
      this.#position = position;
      if (asked === undefined) this.#cutRate([rateBefore, learningRate]);
      else scheduler.learningRate = checkRate(asked) / factors.product;
    } catch (cause) {
      refuse(cause);
      return;
    }
    this.#cut = factors.of(ROLLBACK);
    // A run that had made its last step has steps to make again.
    if (from >= plan.maxSteps) control.shouldTrainingStop = false;
    done(`from step ${from} back to step ${state.globalStep}, learning rate ${shortNumber(this.#learningRate)}`);
  }

  /**
   * The rates of before the rollback and of the checkpoint have led astray: go on with half of the lower, unless whoever
   * asked for the rollback has lowered the rate since the last one. It is a factor, and told of, so that a control that
   * follows the schedule can tell it from one.
   */
  #cutRate(tried: readonly number[]): void {
    const { announcer, factors } = this.#parts;
    const change = Math.min(...tried.filter((rate) => rate > 0)) / 2 / this.#learningRate;
    if (factors.of(ROLLBACK) < this.#cut || !(change > 0 && change < Infinity)) return;
    const factor = factors.of(ROLLBACK) * change;
    const outcome = this.#changeRate(() => factors.set(ROLLBACK, factor));
    const command = { kind: 'scale-learning-rate', factor } as const;
    announcer.publish({ type: 'control', command, source: ROLLBACK, message: `after a rollback: ${outcome}` });
  }

  /** One alert begins with the first loss that is not finite, and ends with the first that is again. */
  #watchLoss(loss: number): void {
    const { announcer, state } = this.#parts;
    const finite = Number.isFinite(loss);
    if (finite === this.#lossIsFinite) return;
    this.#lossIsFinite = finite;
    announcer.publish({
      type: 'alert',
      rule: 'non-finite-loss',
      severity: finite ? 'info' : 'error',
      message: finite
        ? `the loss is finite again: ${shortNumber(loss)}`
        : `the loss of step ${state.globalStep} is ${loss}; it is left out of the logged mean where loggingNanInfFilter is set. Try a lower learning rate, a longer warm-up or a smaller maxGradNorm`,
      phase: finite ? 'end' : 'begin',
      firstStep: state.globalStep,
      value: loss,
    });
  }

  #noExamples(epoch: number): void {
    const { announcer, control, state, plan } = this.#parts;
    announcer.publish({
      type: 'alert',
      rule: 'no-examples',
      severity: 'error',
      message: `trainDataset gave no example in epoch ${epoch + 1}; the training stops at step ${state.globalStep} of ${plan.maxSteps}. An async iterable has to begin anew in every epoch: give an object with [Symbol.asyncIterator](), not a generator that has run`,
      phase: 'begin',
      firstStep: state.globalStep,
    });
    control.shouldTrainingStop = true;
  }

  #refuseWaiting(): void {
    for (const { refuse } of this.#deferred.splice(0)) refuse(new Error('the training has ended'));
    this.#rollback?.refuse(new Error('the training has ended'));
  }
}

/** Log metrics with the epoch and the tokens, where they are counted; keep them in the state, and give them. */
export async function logMetrics(
  announcer: Announcer,
  { includeNumInputTokensSeen }: ResolvedArguments,
  state: TrainerState,
  metrics: Metrics,
): Promise<Metrics> {
  const counted = includeNumInputTokensSeen !== 'no' && { num_input_tokens_seen: state.numInputTokensSeen };
  const logs = { ...metrics, epoch: state.epoch, ...counted };
  state.logHistory.push({ ...logs, step: state.globalStep });
  await announcer.say('onLog', { type: 'log', metrics: logs }, { logs });
  return logs;
}

/** Labels in a group of micro-batches that count. */
function countItems(group: readonly SizedBatch[]): number {
  let count = 0;
  for (const { batch, size } of group) {
    if (batch.labels === undefined) count += size;
    else
      count += tidy(
        () =>
          toTensor(batch.labels!)
            .dataSync()
            .filter((label) => label !== IGNORED_LABEL).length,
      );
  }
  return count;
}

function checkRate(learningRate: number): number {
  if (learningRate >= 0 && learningRate < Infinity) return learningRate;
  throw new TypeError(`learningRate: expected a number of at least 0, got ${learningRate}`);
}
