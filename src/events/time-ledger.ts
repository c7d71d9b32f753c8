/** Milliseconds, by the name of whom they went to. */
export type TimeByName = Readonly<Record<string, number>>;

/** The ledger of the run that delivers just now: deliveries are synchronous, so there is one at most. */
let open: TimeLedger | undefined;

/**
 * Who took how much time while a run delivered its events. Time goes to one name at a time: what is done in another's
 * turn, on behalf of a third, is the third's alone, so that the parts add up to the whole.
 */
export class TimeLedger {
  #spent = new Map<string, number>();
  #owner: string | undefined;
  #since = 0;

  /** `now` gives milliseconds since any moment, never set back. */
  constructor(private readonly now: () => number) {}

  /** Do something whose time is `name`'s, but for what it has done on behalf of others. */
  charge<T>(name: string, work: () => T): T {
    const [owner, ledger] = [this.#owner, open];
    this.#turnTo(name);
    open = this;
    try {
      return work();
    } finally {
      open = ledger;
      this.#turnTo(owner);
    }
  }

  /** What was spent since the last call, in the order in which the names first came. */
  take(): TimeByName {
    const spent = Object.fromEntries(this.#spent);
    this.#spent.clear();
    return spent;
  }

  #turnTo(owner: string | undefined): void {
    const now = this.now();
    const before = this.#owner;
    if (before !== undefined) this.#spent.set(before, (this.#spent.get(before) ?? 0) + now - this.#since);
    this.#owner = owner;
    this.#since = now;
  }
}

/**
 * Do something on behalf of `name`, for the run that delivers now: one that is delivered to by another is a part of that
 * one. Where none does, the time is said to the ledger, if there is one.
 */
export function onBehalfOf<T>(name: string, work: () => T, ledger?: TimeLedger): T {
  const to = open ?? ledger;
  return to ? to.charge(name, work) : work();
}
