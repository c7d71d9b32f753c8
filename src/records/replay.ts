import { Observable, type Subscriber } from 'rxjs';
import { checkFunction, checkOptions, describeValue, type RunRecord } from '../events/index.js';
import { CaughtUp } from './caught-up.js';
import type { DamagedLineError } from './damaged-line-error.js';
import { Pace } from './pace.js';
import { rankFilesOf } from './rank-files.js';
import { readRanks } from './read-ranks.js';
import { type PlacedRecord, type ReadRecordsOptions, readPlaced, readRecords } from './read-records.js';
import { sleep } from './sleep.js';
import { type ReadFileOptions, readContents } from './watched-file.js';

/** Options of {@link replay}: how fast, to which end, and what to do with damaged lines. */
export interface ReplayOptions {
  /** How many times faster than it was recorded: 1 is in its own time. Default: `Infinity`, as fast as it can be read. */
  readonly speed?: number;
  /** Wait at the end for what is still being written; the stream then ends by unsubscribing only. Default: `false`. */
  readonly follow?: boolean;
  /**
   * Called for each damaged line, which is then left out: count them, and say so. Default: the first is an error of the
   * stream. What it throws is one, too.
   */
  readonly onDamaged?: (damage: DamagedLineError) => void;
}

const POLL_MS = 100;

/**
 * The stream of a recorded run, as it was: the events and measurements that {@link jsonlSink} was given, in their order.
 *
 * Cold: every subscriber reads the file anew, from its beginning. A block at a time is read and delivered before the next,
 * so a gigabyte needs no more memory than a megabyte, and a subscriber that blocks makes it wait. Measurements are what
 * operators emit: `of(name)` and rows work. Statistics are those that were recorded, whatever the types say; records of
 * types that are not known pass as plain data.
 *
 * With `speed`, the time between records is kept, divided by it; the time between two runs in one file is left out. With
 * `follow`, the stream goes on as the file grows, and begins again when another content is in its place: replaced by a
 * rename, cut, or written anew. A copy that is renewed, and begins with all that was read, is read on from there.
 *
 * The file of rank 0 of several (`RUN.jsonl`, that of Python without a server) stands for those of all ranks that lie
 * beside it (`RUN.rank1.jsonl`, …): they are one run, of the whole model, as `ingest()` gives it.
 *
 * Gzip is unpacked, known by its content. Errors of the stream: a file that cannot be read, and, without `onDamaged`, a
 * damaged line, by its number. A last line that a kill has torn is left out.
 *
 * @throws TypeError for an option that is wrong.
 *
 * @example
 * ```ts
 * import { map, max } from 'rxjs';
 * import { ofMeasurement, ofType } from 'trainscope';
 * import { replay } from 'trainscope/node';
 *
 * const run$ = replay('results/run.jsonl');
 * run$.pipe(ofType('step-end'), map(({ loss }) => loss), max()).subscribe((loss) => console.log('highest loss', loss));
 * run$.pipe(ofMeasurement('parameter-updates')).subscribe((updates) => console.log(updates.step, [...updates]));
 * ```
 */
export function replay(file: string, options: ReplayOptions = {}): Observable<RunRecord> {
  checkPath(file);
  checkValues(checkOptions('replay', options, { speed: true, follow: true, onDamaged: true }));
  return new Observable((subscriber) => {
    const stop = new AbortController();
    deliver(readRun(file, { ...options, signal: stop.signal }), subscriber).then(
      () => subscriber.complete(),
      (cause) => subscriber.error(cause),
    );
    return () => stop.abort();
  });
}

async function deliver(records: AsyncIterable<RunRecord>, subscriber: Subscriber<RunRecord>): Promise<void> {
  for await (const record of records) {
    if (subscriber.closed) return;
    subscriber.next(record);
  }
}

/** Options of {@link readRun}: those of {@link replay}, and how to end it. */
export interface ReadRunOptions extends ReplayOptions {
  /** Ends it: also while it waits. */
  readonly signal?: AbortSignal;
  /** What errors call a run that is given as bytes. Default: `the run`. */
  readonly name?: string;
}

/**
 * What {@link replay} gives, one record each time that it is asked for one: whoever takes them slowly makes the reading
 * wait, which a stream cannot.
 *
 * `file` is the path of a recorded run, or its bytes, such as `process.stdin`, of which there is nothing to follow.
 *
 * @throws TypeError for an option that is wrong; else as the stream of {@link replay}, where it is iterated.
 *
 * @example
 * ```ts not run: a server
 * import { readRun } from 'trainscope/node';
 *
 * for await (const record of readRun('results/run.jsonl')) {
 *   await fetch('http://localhost:8080/records', { method: 'POST', body: JSON.stringify(record) });
 * }
 * ```
 */
export function readRun(
  file: string | AsyncIterable<Uint8Array>,
  options: ReadRunOptions = {},
): AsyncIterableIterator<RunRecord> {
  if (!isBytes(file)) checkPath(file);
  checkValues(
    checkOptions('readRun', options, { speed: true, follow: true, onDamaged: true, signal: true, name: true }),
  );
  const { speed = Infinity, follow = false, signal = new AbortController().signal } = options;
  const { onDamaged = refuse, name = 'the run' } = options;
  const pace = new Pace(speed, (ms) => sleep(ms, signal));
  if (isBytes(file)) return readRecords([file], { file: name, pace, signal, onDamaged });
  return readFiles(file, { follow, signal, pollMs: POLL_MS }, { pace, onDamaged });
}

export interface FollowOptions extends Pick<ReadRunOptions, 'onDamaged'> {
  readonly signal: AbortSignal;
  /** Called once, when all that there was has been taken, with the milliseconds since the file was written to. */
  readonly onCaughtUp?: (idleMs: number) => void;
}

/** As {@link readRun}, of a file that grows, each record with its place: the file can be read again from there. */
export async function* followPlaced(file: string, options: FollowOptions): AsyncGenerator<PlacedRecord> {
  const caughtUp = new CaughtUp(file, options.onCaughtUp ?? (() => {}));
  for await (const placed of placedIn(file, options, () => caughtUp.end())) {
    yield placed;
    caughtUp.taken(placed.stretch !== undefined);
  }
}

async function* placedIn(file: string, options: FollowOptions, onEnd: () => void): AsyncGenerator<PlacedRecord> {
  const { signal, onDamaged = refuse } = options;
  const reading = { follow: true, signal, pollMs: POLL_MS, onEnd };
  const pace = new Pace(Infinity, (ms) => sleep(ms, signal));
  const ranks = await rankFilesOf(file, reading);
  if (!ranks) yield* readPlaced(readContents(file, reading), { file, signal, pace, onDamaged });
  else
    for await (const record of readRanks(ranks, { ...reading, pace, onDamaged })) yield { record, stretch: undefined };
}

/** A run by its file: that of rank 0 of several stands for all. */
async function* readFiles(
  file: string,
  reading: ReadFileOptions,
  options: Pick<ReadRecordsOptions, 'pace' | 'onDamaged'>,
): AsyncGenerator<RunRecord> {
  const ranks = await rankFilesOf(file, reading);
  if (ranks) yield* readRanks(ranks, { ...reading, ...options });
  else yield* readRecords(readContents(file, reading), { file, signal: reading.signal, ...options });
}

function isBytes(file: string | AsyncIterable<Uint8Array>): file is AsyncIterable<Uint8Array> {
  return typeof file === 'object' && file !== null && Symbol.asyncIterator in file;
}

function refuse(damage: DamagedLineError): never {
  throw damage;
}

function checkPath(file: unknown): void {
  if (typeof file !== 'string' || file === '') {
    throw new TypeError(`file: expected the path of a recorded run, got ${describeValue(file)}`);
  }
}

function checkValues({ speed = Infinity, onDamaged }: ReplayOptions): void {
  if (typeof speed !== 'number' || !(speed > 0)) {
    throw new TypeError(`speed: expected a number above 0, got ${describeValue(speed)}`);
  }
  if (onDamaged !== undefined) checkFunction('onDamaged', onDamaged, 'function of a damaged line');
}
