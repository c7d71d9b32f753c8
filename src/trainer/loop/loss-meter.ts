/** What waits for a log, what was logged, and the step of the last log. */
export interface LossMeterState {
  readonly sum: number;
  readonly total: number;
  readonly lastStep: number;
}

/** The mean loss between two logs, and over the whole run; semantics of transformers' Trainer. */
export class LossMeter {
  #sum = 0;
  #total = 0;
  #lastStep = 0;

  /** @param filter Losses that are not finite count as the mean so far. */
  constructor(private readonly filter: boolean) {}

  /** Steps since the last log are waiting for one. */
  hasNews(step: number): boolean {
    return step > this.#lastStep;
  }

  /** A micro-batch's share of the loss of the update after `step`. */
  add(loss: number, step: number): void {
    const counts = Number.isFinite(loss) || !this.filter;
    this.#sum += counts ? loss : this.#sum / (1 + step - this.#lastStep);
  }

  /** The mean since the last log. */
  take(step: number): number {
    const mean = this.#sum / (step - this.#lastStep);
    this.#total += this.#sum;
    this.#sum = 0;
    this.#lastStep = step;
    return mean;
  }

  state(): LossMeterState {
    return { sum: this.#sum, total: this.#total, lastStep: this.#lastStep };
  }

  restore({ sum, total, lastStep }: LossMeterState): void {
    this.#sum = sum;
    this.#total = total;
    this.#lastStep = lastStep;
  }

  /** The mean loss of a run of so many steps. */
  overall(steps: number): number {
    return (this.#total + this.#sum) / Math.max(steps, 0.001);
  }
}
