/** A stream of records of one rank. */
export interface RankStream<T> {
  readonly rank: number;
  readonly records: AsyncGenerator<T>;
}

/** What comes of the streams: a record, the end of one, or nothing for as long as one waits for a stream that has none. */
export type Arrival<T> =
  | { readonly rank: number; readonly record: T }
  | { readonly rank: number; readonly ended: true }
  | { readonly late: true };

export interface LowestFirstOptions {
  /** Milliseconds for which others wait for a stream that has no next record yet. */
  readonly waitMs: number;
  /** By how many steps others may be ahead of it without waiting. */
  readonly ahead: number;
}

/**
 * Takes several streams in one order: always the one that is furthest behind, by the step of its next record. One that has
 * none yet, as a file that is still written, is waited for where others would get too far ahead of it, but not for ever.
 */
export async function* lowestFirst<T>(
  ranks: readonly RankStream<T>[],
  stepOf: (record: T) => number,
  { waitMs, ahead }: LowestFirstOptions,
): AsyncGenerator<Arrival<T>> {
  const alarm = new Alarm();
  const open = new Set(ranks.map((rank) => new Stream(rank, stepOf, () => alarm.ring())));
  while (open.size > 0) {
    const waiting = [...open].filter(({ isReady }) => !isReady);
    const next = lowestOf(open);
    const holdsBack = ({ isLate, step }: Stream<T>) => !isLate && !(next!.nextStep <= step + ahead);
    if (!next || waiting.some(holdsBack)) {
      if (await alarm.rings(waitMs)) continue;
      if (next) passOver(waiting);
      yield { late: true };
      continue;
    }
    const { rank } = next;
    const taken = next.take();
    if (taken.done) open.delete(next);
    yield taken.done ? { rank, ended: true } : { rank, record: taken.value };
  }
}

/** A stream, read one record ahead. */
class Stream<T> {
  readonly rank: number;
  /** Of the last record that was taken; a training begins at 0. */
  step = 0;
  /** Nothing waits for it until it has a next one. */
  isLate = false;
  #next: IteratorResult<T> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(
    private readonly source: RankStream<T>,
    private readonly stepOf: (record: T) => number,
    private readonly onReady: () => void,
  ) {
    this.rank = source.rank;
    this.#read();
  }

  get isReady(): boolean {
    return this.#next !== undefined || this.#failure !== undefined;
  }

  /** An end, or a failure, comes at once. */
  get nextStep(): number {
    return this.#next && !this.#next.done ? this.stepOf(this.#next.value) : -Infinity;
  }

  /** @throws what the stream failed with. */
  take(): IteratorResult<T> {
    if (this.#failure) throw this.#failure.cause;
    const taken = this.#next!;
    if (taken.done) return taken;
    this.step = this.stepOf(taken.value);
    this.#next = undefined;
    this.#read();
    return taken;
  }

  #read(): void {
    this.source.records.next().then(
      (next) => this.#ready(() => (this.#next = next)),
      (cause) => this.#ready(() => (this.#failure = { cause })),
    );
  }

  #ready(set: () => void): void {
    set();
    this.isLate = false;
    this.onReady();
  }
}

/** Of the same step, that of the lowest rank. */
function lowestOf<T>(streams: Iterable<Stream<T>>): Stream<T> | undefined {
  let lowest: Stream<T> | undefined;
  for (const stream of streams) {
    if (stream.isReady && (!lowest || stream.nextStep < lowest.nextStep)) lowest = stream;
  }
  return lowest;
}

function passOver(streams: readonly { isLate: boolean }[]): void {
  for (const stream of streams) stream.isLate = true;
}

class Alarm {
  #wake = () => {};

  ring(): void {
    this.#wake();
  }

  /** Whether it rings within that time. */
  rings(waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = waitMs < Infinity ? setTimeout(() => resolve(false), waitMs) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
