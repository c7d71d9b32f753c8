/** Says when a record is due, by its own time and by when the run's first record was delivered. */
export class Pace {
  #first: { readonly recorded: number; readonly delivered: number } | undefined;

  constructor(
    private readonly speed: number,
    private readonly sleep: (ms: number) => Promise<void>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Wait until `record` is due; undefined where it is due already. */
  until({ type, time }: { readonly type: string; readonly time?: number }): Promise<void> | undefined {
    if (this.speed === Infinity || typeof time !== 'number') return undefined;
    const now = this.now();
    if (!this.#first || type === 'train-begin') this.#first = { recorded: time, delivered: now };
    const ms = this.#first.delivered + (time - this.#first.recorded) / this.speed - now;
    return ms > 0 ? this.sleep(ms) : undefined;
  }
}
