import { type AnyParameterUpdates, createParameterUpdates, dataOf, sameNames } from '../../parameters/index.js';
import type { Queued } from './record-queue.js';

type Names = Pick<AnyParameterUpdates, 'names' | 'sizes'>;

/**
 * Updates that were posted by a worker have lists of names of their own, which are as large as their numbers: those of a run
 * that are the same become one.
 */
export class SharedNames {
  readonly #lastOf = new Map<string, Names>();

  constructor(private readonly mostRuns: number) {}

  /** The record, with the lists of the one before it, where they are the same. */
  share(record: Queued): Queued {
    if (record.type !== 'parameter-updates') return record;
    const updates = record as unknown as AnyParameterUpdates;
    const { run, names, sizes } = updates;
    const last = this.#lastOf.get(run);
    if (last?.names === names) return record;
    if (last && sameNames(names, last.names) && sizes.every((size, i) => size === last.sizes[i])) {
      return createParameterUpdates({ ...dataOf(updates), ...last }) as unknown as Queued;
    }
    if (last || this.#lastOf.size < this.mostRuns) this.#lastOf.set(run, { names, sizes });
    return record;
  }
}
