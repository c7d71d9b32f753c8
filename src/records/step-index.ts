import type { KnownTables } from './decoder/index.js';

/** Bytes of the beginning of a file by which it is known again. */
export const HEAD_BYTES = 512;

/** The content of a file that is not packed: another one where the file was replaced or written anew. */
export interface Source {
  readonly head: Buffer;
}

/** Whole lines that follow each other in a file, and what a decoder has to know to begin with them. */
export interface Stretch {
  /** Bytes. */
  readonly begin: number;
  readonly end: number;
  readonly known: KnownTables;
  readonly source: Source;
}

interface Entry {
  readonly stretch: Stretch;
  /** Of the steps that it has; superseded ones beyond them are passed over. */
  least: number;
  greatest: number;
}

/** Stretches that are remembered at most: neighbours then become one. */
const MOST_STRETCHES = 2 ** 15;

/** Where in its file the steps of a run are: by stretches, as they were read. */
export class StepIndex {
  #entries: Entry[] = [];

  /** A record of this step is in this stretch, which is the last one so far, or follows it. */
  take(step: number, stretch: Stretch): void {
    if (this.#entries[0]?.stretch.source !== stretch.source) this.#entries = [];
    const last = this.#entries.at(-1);
    if (last && last.stretch.end >= stretch.end) {
      last.least = Math.min(last.least, step);
      last.greatest = Math.max(last.greatest, step);
      return;
    }
    this.#entries.push({ stretch, least: step, greatest: step });
    if (this.#entries.length > MOST_STRETCHES) this.#entries = halved(this.#entries);
  }

  /** The run goes on after this step: what its file has said of later ones is superseded. */
  cutAfter(step: number): void {
    const last = this.#entries.at(-1);
    this.#entries = this.#entries.filter((entry) => entry === last || entry.least <= step);
    for (const entry of this.#entries) {
      // What was measured of the step that comes anew may have been said before the run was seen to go back.
      const upTo = entry === last ? step + 1 : step;
      entry.least = Math.min(entry.least, upTo);
      entry.greatest = Math.min(entry.greatest, upTo);
    }
  }

  /**
   * Where to read the steps of a range, in the order of the file. Of a run that went back these may hold superseded ones, too,
   * and then what says that it went back.
   */
  stretchesOf(from: number, to: number): Stretch[] {
    const found: Stretch[] = [];
    const has = (entry: Entry | undefined) => entry && entry.greatest >= from && entry.least <= to;
    for (const [i, entry] of this.#entries.entries()) {
      // What was measured of a step may be said just before, in the stretch before that of the step's end.
      if (!has(entry) && !has(this.#entries[i + 1])) continue;
      const { stretch } = entry;
      const last = found.at(-1);
      if (last?.end === stretch.begin) found[found.length - 1] = { ...last, end: stretch.end };
      else found.push(stretch);
    }
    return found;
  }
}

/** Each with its neighbour, and what lies between them. */
function halved(entries: readonly Entry[]): Entry[] {
  return entries.flatMap((entry, i) => {
    if (i % 2 === 1) return [];
    const next = entries[i + 1] ?? entry;
    return {
      stretch: { ...entry.stretch, end: next.stretch.end },
      least: Math.min(entry.least, next.least),
      greatest: Math.max(entry.greatest, next.greatest),
    };
  });
}
