import { shortNumber } from '../../events/index.js';
import type { LearningRateFactors } from '../../run/index.js';
import type { Scheduler } from '../schedules/scheduler.js';

/** The rate of the coming update: that of the schedule, times the factors of those who steer. */
export class Rate {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly factors: LearningRateFactors,
  ) {}

  get now(): number {
    return this.scheduler.learningRate * this.factors.product;
  }

  /** The factor of one source; 1 where it has set none. */
  factorOf(source: string): number {
    return this.factors.of(source);
  }

  /** Set the rate of the schedule. Gives what came of it. @throws TypeError for what is no rate. */
  set(learningRate: number): string {
    checkRate(learningRate);
    return this.#change(() => {
      this.scheduler.learningRate = learningRate;
    });
  }

  /** Set the schedule so that the coming update has this rate, whatever the factors. @throws TypeError as `set`. */
  setProduct(learningRate: number): void {
    this.scheduler.learningRate = checkRate(learningRate) / this.factors.product;
  }

  /** Set the factor of a source. Gives what came of it. @throws TypeError for what is no factor. */
  scale(source: string, factor: number): string {
    return this.#change(() => this.factors.set(source, factor));
  }

  #change(change: () => void): string {
    const before = this.now;
    change();
    return `learning rate ${shortNumber(before)} → ${shortNumber(this.now)}`;
  }
}

/** @throws TypeError for what is no rate. */
export function checkRate(learningRate: number): number {
  if (learningRate >= 0 && learningRate < Infinity) return learningRate;
  throw new TypeError(`learningRate: expected a number of at least 0, got ${learningRate}`);
}
