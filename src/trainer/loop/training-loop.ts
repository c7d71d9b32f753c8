import { reasonOf } from '../../run/index.js';
import { configOf } from '../arguments/config-of.js';
import { batches, groups, type SizedBatch } from '../data/batches.js';
import type { Session } from '../session/session.js';
import { breather } from './breathe.js';
import { logMetrics } from './log-metrics.js';
import { NO_MORE_STEPS } from './requests.js';
import { Rollbacks } from './rollbacks.js';
import { StepEnd } from './step-end.js';
import { Update } from './update.js';

/** One call of `train()`: the loop over epochs and updates, in transformers' order of events, from its beginning to its end. */
export class TrainingLoop<Example> {
  readonly #session: Session<Example>;
  readonly #update: Update<Example>;
  readonly #stepEnd: StepEnd<Example>;
  readonly #rollbacks: Rollbacks<Example>;
  readonly #breathe = breather();
  #isUnderWay = false;
  /** Why the data ended the training, if it did. */
  #noExamples: string | undefined;

  constructor(session: Session<Example>) {
    this.#session = session;
    this.#update = new Update(session);
    this.#stepEnd = new StepEnd(session);
    this.#rollbacks = new Rollbacks(session);
  }

  /** Train from the session's position on, to the end of the plan or until someone stops it. */
  async run(): Promise<void> {
    const { args, plan, state, control, announcer, evaluate, tally } = this.#session;
    const { maxSteps, numTrainEpochs } = plan;
    const numEpochs = numTrainEpochs < Number.MAX_SAFE_INTEGER ? { numEpochs: numTrainEpochs } : {};
    tally.beganAt = performance.now();
    announcer.stopper = undefined;
    this.#isUnderWay = true;
    const model = this.#session.model.summary?.();
    const begin = {
      type: 'train-begin',
      maxSteps,
      ...numEpochs,
      config: configOf(args),
      ...(model && { model }),
    } as const;
    await announcer.say('onTrainBegin', begin, {});
    if (args.evalOnStart) await evaluate();
    const hasMore = () => {
      const { epoch, batches } = this.#session.position;
      return epoch < numTrainEpochs && (batches > 0 || state.globalStep < maxSteps);
    };
    while (hasMore()) {
      await this.#epoch();
      if (control.shouldTrainingStop) break;
    }
  }

  /** Log the metrics of the whole, put back the best weights where that is wanted, and say that it has ended. */
  async finish(metrics: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
    const { args, announcer, checkpoints, queue, requests, state } = this.#session;
    requests.endSteps();
    for (const { refuse } of queue.take('skip-step', 'rollback')) refuse(new Error(NO_MORE_STEPS));
    await this.#stepEnd.settleLast();
    const logged = await logMetrics(announcer, metrics);
    await this.#stepEnd.settleLast();
    await checkpoints.keepBestAlone();
    const best = args.loadBestModelAtEnd ? await checkpoints.loadBest() : undefined;
    if (best !== undefined) {
      this.#stepEnd.refuseSaves(
        `the weights are those of ${best} now, and not of step ${state.globalStep}; saveModel() writes them`,
      );
    }
    const end = this.#howItEnds();
    this.#isUnderWay = false;
    await announcer.say('onTrainEnd', { type: 'train-end', ...end }, {});
    await this.#stepEnd.settleLast();
    return logged;
  }

  /** It ends by an error, which `train()` rejects with. */
  fail(error: unknown): void {
    const reason = reasonOf(error);
    this.end(`the training has failed: ${reason}`);
    this.#sayEnd('failed', reason);
  }

  /** Nobody is told of it from now on: the stream ends. */
  cutOff(): void {
    const { announcer, plan, state } = this.#session;
    this.#sayEnd('stopped', `close() came before the end: step ${state.globalStep} of ${plan.maxSteps}`);
    announcer.mute();
  }

  /** Refuse what is asked for, and what will be. */
  end(why: string): void {
    this.#session.requests.end(why);
    this.#session.queue.refuseWaiting(why);
  }

  #sayEnd(status: 'failed' | 'stopped', reason: string): void {
    if (!this.#isUnderWay) return;
    this.#isUnderWay = false;
    this.#session.announcer.publish({ type: 'train-end', status, reason });
  }

  #howItEnds() {
    const { announcer, control, plan, requests, state } = this.#session;
    const { stoppedBy } = requests;
    if (state.globalStep >= plan.maxSteps || !control.shouldTrainingStop) return { status: 'completed' } as const;
    const reason =
      this.#noExamples ??
      (stoppedBy
        ? `${stoppedBy.source}: ${stoppedBy.message}`
        : `${announcer.stopper ?? 'something'} set control.shouldTrainingStop`);
    return { status: 'stopped', reason } as const;
  }

  async #epoch(): Promise<void> {
    const { announcer, plan, position, state } = this.#session;
    const { epoch } = position;
    await announcer.say('onEpochBegin', { type: 'epoch-begin' }, {});
    if (state.globalStep < plan.maxSteps && (await this.#updates()) === 'rolled back') return;
    this.#session.position = { epoch: epoch + 1, batches: 0 };
    await announcer.say('onEpochEnd', { type: 'epoch-end' }, {});
    await this.#stepEnd.settle();
    await this.#rollbacks.doAsked();
  }

  /** The updates of the epoch, from the position on, until they are all made or someone stops them. */
  async #updates(): Promise<'rolled back' | 'over'> {
    const { control, position } = this.#session;
    const { epoch, batches: skip } = position;
    let hasExamples = skip > 0;
    for await (const group of this.#groups(epoch, skip)) {
      hasExamples = true;
      if (await this.#update.make(epoch, group)) {
        await this.#stepEnd.settle();
        if (await this.#rollbacks.doAsked()) return 'rolled back';
      }
      if (control.shouldEpochStop || control.shouldTrainingStop) break;
      await this.#breathe();
    }
    if (!hasExamples) this.#sayNoExamples(epoch);
    return 'over';
  }

  #groups(epoch: number, skip: number): AsyncGenerator<SizedBatch[]> {
    const { args, source, grouping, collate } = this.#session;
    const pass = batches(source, {
      batchSize: args.perDeviceTrainBatchSize,
      collate,
      ...(args.trainSamplingStrategy !== 'sequential' && { shuffle: [args.dataSeed ?? args.seed, epoch] }),
      grouping,
      dropLast: args.dataloaderDropLast,
      skip,
    });
    return groups(pass, args.gradientAccumulationSteps);
  }

  #sayNoExamples(epoch: number): void {
    const { announcer, control, state, plan } = this.#session;
    this.#noExamples = `trainDataset gave no example in epoch ${epoch + 1}`;
    announcer.publish({
      type: 'alert',
      rule: 'no-examples',
      severity: 'error',
      message: `${this.#noExamples}; the training stops at step ${state.globalStep} of ${plan.maxSteps}. An async iterable has to begin anew in every epoch: give an object with [Symbol.asyncIterator](), not a generator that has run`,
      phase: 'begin',
      firstStep: state.globalStep,
    });
    control.shouldTrainingStop = true;
  }
}
