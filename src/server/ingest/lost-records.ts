import type { AlertEvent, EventContext } from '../../events/index.js';

type LostAlert = Omit<AlertEvent, keyof EventContext>;

/** Tells, once at its beginning and once at the end of the run, that records of the run are not there. */
export class LostRecords {
  #count = 0;
  readonly #publish: (alert: LostAlert) => void;

  constructor(publish: (alert: LostAlert) => void) {
    this.#publish = publish;
  }

  add(count: number, why: string): void {
    if (this.#count === 0) this.#tell('begin', `records of this run were lost: ${why}; the training itself goes on`);
    this.#count += count;
  }

  end(): void {
    if (this.#count > 0) this.#tell('end', `${this.#count} records of this run were lost in all`);
  }

  #tell(phase: AlertEvent['phase'], message: string): void {
    this.#publish({ type: 'alert', rule: 'lost-records', severity: 'warning', phase, message, firstStep: 0 });
  }
}
