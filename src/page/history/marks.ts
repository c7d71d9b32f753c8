import type { Severity } from '../../events/index.js';
import { Cuts } from './cuts.js';

/** `stopped` and `failed` are ends of the run; where an epoch ends is known without a record of it. */
export type MarkKind = 'alert' | 'control' | 'save' | 'epoch' | 'resumed' | 'sink-error' | 'stopped' | 'failed';

/** Something that happened at a step and is marked on every time axis. */
export interface Mark {
  readonly kind: MarkKind;
  readonly step: number;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The rule, who asked, which sink, or `training`. */
  readonly source: string;
  readonly message: string;
  readonly severity?: Severity;
  readonly parameter?: string;
  /** Of an alert: whether a trouble began or is over. */
  readonly phase?: 'begin' | 'end';
}

export interface MarkChanges {
  /** Marks that no longer fit, since the beginning. */
  readonly dropped: number;
  /** Some were taken away: from this step on there are none but those that were added. */
  readonly from?: number;
  readonly added: readonly Mark[];
}

/** Marks kept at most: the latest. */
export const MARKS_KEPT = 1000;

/** The latest marks of a run, and how many there were before them. */
export class Marks {
  #kept: { readonly mark: Mark; readonly version: number }[] = [];
  readonly #cuts = new Cuts();
  #dropped = 0;

  get all(): readonly Mark[] {
    return this.#kept.map(({ mark }) => mark);
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether this very mark is there: a record may come once more. */
  has({ kind, step, time, source, message }: Mark): boolean {
    return this.#kept.some(
      ({ mark }) =>
        mark.time === time &&
        mark.step === step &&
        mark.kind === kind &&
        mark.source === source &&
        mark.message === message,
    );
  }

  take(mark: Mark, version: number): void {
    this.#kept.push({ mark, version });
    if (this.#kept.length <= MARKS_KEPT) return;
    this.#kept.shift();
    this.#dropped++;
  }

  /** Take away those of later steps than this. @returns them. */
  cutAfter(step: number, version: number): readonly Mark[] {
    const gone = this.#kept.filter(({ mark }) => mark.step > step);
    if (gone.length === 0) return [];
    this.#kept = this.#kept.filter(({ mark }) => mark.step <= step);
    this.#cuts.add(step + 1, version);
    return gone.map(({ mark }) => mark);
  }

  changesSince(version: number): MarkChanges | undefined {
    const from = this.#cuts.since(version);
    const added = this.#kept.filter((kept) => kept.version > version || kept.mark.step >= (from ?? Infinity));
    if (added.length === 0 && from === undefined) return undefined;
    return { dropped: this.#dropped, ...(from !== undefined && { from }), added: added.map(({ mark }) => mark) };
  }

  apply({ dropped, from = Infinity, added }: MarkChanges): void {
    this.#kept = this.#kept.filter(({ mark }) => mark.step < from);
    for (const mark of added) this.take(mark, 0);
    this.#dropped = dropped;
  }
}
