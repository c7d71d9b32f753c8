import type { Config, EndStatus, ModelSummary, OptionNames } from '../events/index.js';
import type { EventBus } from './event-bus.js';
import type { LoopControl } from './loop-control.js';
import { reasonOf } from './sink-errors.js';

/** How long a loop is going to go on, as far as it is known. */
export interface LoopPlan {
  /** The epoch that the loop ends with, counted from 1. */
  readonly numEpochs?: number;
  /** Updates in an epoch. */
  readonly stepsPerEpoch?: number;
  /** Epochs that are done already, as when a training goes on. Default: 0. */
  readonly initialEpoch?: number;
}

export const PLAN_NAMES: OptionNames<LoopPlan> = { numEpochs: true, stepsPerEpoch: true, initialEpoch: true };

/** What a training says of itself when it begins. */
export interface TrainingFacts {
  readonly plan?: LoopPlan | undefined;
  /** Its hyperparameters, where they are known. */
  readonly config?: () => Config | undefined;
  /** What the model is made of, where that has not been said. */
  readonly newModel?: (() => ModelSummary | undefined) | undefined;
}

/**
 * A training from its beginning to its end: it says both, keeps the bus's count of epochs, and knows how it ended.
 *
 * Epochs go on counting over several trainings of one run: a second `model.fit` of one epoch is the second epoch.
 */
export class TrainingSpan {
  #batch: { readonly size?: number } = {};
  readonly #bus: EventBus;
  readonly #control: LoopControl;
  #plan: LoopPlan;
  #begun = false;
  #failure: { readonly cause: unknown } | undefined;
  /** Epochs that were done when this training began. */
  #before = 0;
  /** Epochs that were done when the running one began. */
  #epochBegun = 0;
  /** Batches, or steps where nobody tells of batches, that are done of the running epoch. */
  #done = 0;
  #tellsBatches = false;
  #learnedPerEpoch: number | undefined;

  constructor(
    bus: EventBus,
    control: LoopControl,
    private readonly facts: TrainingFacts,
  ) {
    this.#bus = bus;
    this.#control = control;
    this.#plan = facts.plan ?? {};
  }

  /** What is known of how long the loop will go on. */
  set plan(plan: LoopPlan) {
    this.#plan = plan;
  }

  /** A training begins: by itself, or with its first step. */
  begin(): void {
    this.end();
    this.#begun = true;
    this.#failure = undefined;
    this.#learnedPerEpoch = undefined;
    this.#tellsBatches = false;
    this.#control.begin();
    const { numEpochs, stepsPerEpoch, initialEpoch = 0 } = this.#plan;
    this.#before = initialEpoch > 0 ? 0 : this.#bus.epoch;
    this.#epochBegun = this.#before + initialEpoch;
    this.#done = 0;
    this.#bus.epoch = this.#epochBegun;
    const more =
      numEpochs && stepsPerEpoch
        ? { maxSteps: this.#bus.step + Math.max(0, numEpochs - initialEpoch) * stepsPerEpoch }
        : {};
    const [config, model] = [this.facts.config?.(), this.facts.newModel?.()];
    this.#bus.publish({
      type: 'train-begin',
      ...(numEpochs !== undefined && { numEpochs: this.#before + numEpochs }),
      ...more,
      ...(config && { config }),
      ...(model && { model }),
    });
  }

  /** Something happens in the training: so it has begun, where nobody has said that. */
  ensureBegun(): void {
    if (!this.#begun) this.begin();
  }

  beginStep(): void {
    this.ensureBegun();
    // The loop goes on: what failed before was dealt with.
    this.#failure = undefined;
  }

  beginEpoch(epoch: number): void {
    this.#epochBegun = this.#before + epoch;
    this.#done = 0;
    this.#bus.epoch = this.#epochBegun;
    this.#bus.publish({ type: 'epoch-begin' });
  }

  /** An epoch is over; the next is as long. */
  endEpoch(epoch: number): void {
    if (this.#tellsBatches) this.#learnedPerEpoch = this.#done;
    this.#bus.epoch = this.#before + epoch + 1;
    this.#bus.publish({ type: 'epoch-end' });
  }

  /** What is known of the running batch, now or later. */
  beginBatch(batch: { readonly size?: number }): void {
    this.#batch = batch;
    this.#tellsBatches = true;
    this.#done++;
  }

  endBatch(): void {
    this.#batch = {};
  }

  /** Examples in the running batch, NaN where nobody says. */
  get examples(): number {
    return this.#batch.size ?? Number.NaN;
  }

  /** A step has ended: gives the epochs that are done with it. */
  endStep(): number {
    if (!this.#tellsBatches) this.#done++;
    const perEpoch = this.#plan.stepsPerEpoch ?? this.#learnedPerEpoch;
    if (perEpoch) {
      const within = this.#tellsBatches ? Math.min(1, this.#done / perEpoch) : this.#done / perEpoch;
      this.#bus.epoch = this.#epochBegun + within;
    }
    return this.#bus.epoch;
  }

  /** The loop has thrown. If it goes on all the same, that is forgotten. */
  fail(cause: unknown): void {
    this.#failure ??= { cause };
  }

  /** The training is over. `cut` says what it was ended by, if not by itself. */
  end(cut?: string): void {
    if (!this.#begun) return;
    this.#begun = false;
    this.#bus.publish({ type: 'train-end', ...this.#ending(cut) });
  }

  #ending(cut: string | undefined): { readonly status: EndStatus; readonly reason?: string } {
    if (this.#failure) return { status: 'failed', reason: reasonOf(this.#failure.cause) };
    const { stoppedBy } = this.#control;
    if (stoppedBy) return { status: 'stopped', reason: `${stoppedBy.source}: ${stoppedBy.message}` };
    if (cut !== undefined) return { status: 'stopped', reason: cut };
    return { status: 'completed' };
  }
}
