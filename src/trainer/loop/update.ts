import { div, memory, type Scalar } from '@tensorflow/tfjs-core';
import type { ControlCommand } from '../../events/index.js';
import { readLoss } from '../../tfjs/index.js';
import { disposeBatches, type SizedBatch } from '../data/batches.js';
import { seededUint32 } from '../data/random.js';
import { countItems } from '../model/count-items.js';
import type { Session } from '../session/session.js';
import { Gradients } from './gradients.js';
import { liveParameters, observedUpdate } from './observed-update.js';
import { watchLoss } from './watch-loss.js';

type Skip = Extract<ControlCommand, { readonly kind: 'skip-step' }>;

/** Makes updates: every micro-batch forward and backward, clipping, the optimizer, the schedule. */
export class Update<Example> {
  readonly #session: Session<Example>;
  readonly #watchLoss: (loss: number) => void;

  constructor(session: Session<Example>) {
    this.#session = session;
    this.#watchLoss = watchLoss(session.announcer);
  }

  /** Make one of a group of micro-batches, and dispose them. False where it was stopped before it was made. */
  async make(epoch: number, group: readonly SizedBatch[]): Promise<boolean> {
    const { announcer, tally, trainable } = this.#session;
    const begin = performance.now();
    const tokensBefore = tally.tokens;
    const gradients = new Gradients(trainable.map(({ variable }) => variable));
    let loss: number | undefined;
    try {
      await announcer.say('onStepBegin', { type: 'step-begin' }, {});
      loss = await this.#accumulate(gradients, group);
      if (loss === undefined) return false;
      await this.#apply(gradients);
    } finally {
      gradients.dispose();
      disposeBatches(group);
    }
    this.#advance(epoch, group);
    await this.#sayEnd(loss, group, begin, tokensBefore);
    return true;
  }

  /** The gradients of all micro-batches, and their loss; undefined where a callback or control stops it on the way. */
  async #accumulate(gradients: Gradients, group: readonly SizedBatch[]): Promise<number | undefined> {
    const { announcer, control, meter, objective, state } = this.#session;
    const counts = objective.isMean ? [] : await Promise.all(group.map(({ batch, size }) => countItems(batch, size)));
    const numItemsInBatch = counts.reduce((sum, count) => sum + count, 0);
    let loss = 0;
    for (const [i, { batch }] of group.entries()) {
      const share = await this.#backward(gradients, batch, i, group.length, numItemsInBatch);
      meter.add(share, state.globalStep);
      loss += share;
      await this.#countInput(batch);
      if (i === group.length - 1) break;
      await announcer.say('onSubstepEnd', { type: 'substep-end' }, {});
      if (control.shouldEpochStop || control.shouldTrainingStop) return undefined;
    }
    return loss;
  }

  /** A micro-batch's share of the loss; its gradients are added to the others. */
  async #backward(
    gradients: Gradients,
    batch: SizedBatch['batch'],
    index: number,
    count: number,
    numItemsInBatch: number,
  ): Promise<number> {
    const { args, objective, state } = this.#session;
    const forward = { training: true, seed: seededUint32(args.seed, state.globalStep, index)() };
    const share = gradients.accumulate(() => {
      const loss = objective.trainingLoss(batch, forward, numItemsInBatch);
      return objective.isMean && count > 1 ? (div(loss, count) as Scalar) : loss;
    });
    try {
      return (await readLoss(share)) ?? Number.NaN;
    } finally {
      share.dispose();
    }
  }

  async #countInput(batch: SizedBatch['batch']): Promise<void> {
    const { inputMeter, state, tally } = this.#session;
    const { tokens = 0, floatingPointOperations } = await inputMeter.measure(batch);
    tally.tokens += tokens;
    state.numInputTokensSeen += tokens;
    state.totalFlos += floatingPointOperations;
  }

  /** Clip the gradients, and have the optimizer make the update, unless control has it skipped. */
  async #apply(gradients: Gradients): Promise<void> {
    const { args, announcer, history, optimizer, rate, scheduler, tally, trainable } = this.#session;
    const gradNorm = await gradients.norm();
    if (args.maxGradNorm > 0) gradients.clip(gradNorm, args.maxGradNorm);
    const parameters = liveParameters(trainable, gradients);
    try {
      await announcer.say(
        'onPreOptimizerStep',
        { type: 'pre-optimizer-step', parameters: parameters.handle },
        { parameters: parameters.handle, gradients: gradients.byName, gradNorm },
      );
      const learningRate = rate.now;
      tally.last = { gradNorm, learningRate };
      if (this.#takeSkips()) {
        history.add(new Float64Array(trainable.length));
        return;
      }
      const { updateNorms } = await observedUpdate(optimizer, learningRate, gradients, parameters);
      await announcer.say(
        'onOptimizerStep',
        { type: 'optimizer-step', parameters: parameters.handle },
        { parameters: parameters.handle },
      );
      history.add(await updateNorms);
      // The rate is logged as it was before the schedule goes on.
      scheduler.advance();
    } finally {
      parameters.release();
    }
  }

  /** Whether this update should not be made. */
  #takeSkips(): boolean {
    const { queue, state } = this.#session;
    const next = state.globalStep + 1;
    let skip = false;
    for (const { request, done, refuse } of queue.take('skip-step')) {
      const { step = next } = request.command as Skip;
      if (step !== next) refuse(new Error(`the update of step ${step} is made already, or is not the next one`));
      else {
        skip = true;
        done();
      }
    }
    return skip;
  }

  #advance(epoch: number, group: readonly SizedBatch[]): void {
    const { plan, position, state, tally } = this.#session;
    const over = position.batches + group.length;
    tally.steps++;
    tally.samples += examplesIn(group);
    state.globalStep++;
    state.epoch = epoch + over / plan.batchesPerEpoch;
    this.#session.position = { epoch, batches: over };
  }

  async #sayEnd(loss: number, group: readonly SizedBatch[], begin: number, tokensBefore: number): Promise<void> {
    const { args, announcer, bus, tally } = this.#session;
    const durationMs = performance.now() - begin;
    // Before the end of the step: a rule that watches for the same knows then that it has been told.
    this.#watchLoss(loss);
    await announcer.say(
      'onStepEnd',
      {
        type: 'step-end',
        loss,
        learningRate: tally.last!.learningRate,
        durationMs,
        whole: true,
        examples: examplesIn(group),
        ...bus.takeObserving(durationMs),
        numTensors: memory().numTensors,
        ...(args.includeNumInputTokensSeen !== 'no' && { tokens: tally.tokens - tokensBefore }),
      },
      {},
    );
  }
}

function examplesIn(group: readonly SizedBatch[]): number {
  return group.reduce((sum, { size }) => sum + size, 0);
}
