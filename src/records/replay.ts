import { Observable, type Subscriber } from 'rxjs';
import { checkOptions, describeValue } from '../events/check-option.js';
import type { RunRecord } from '../events/measurements.js';
import { type Lines, readLines, sleep } from './line-reader.js';
import { Pace } from './pace.js';
import { type RecordDecoder, recordDecoder } from './record-decoder.js';

export interface ReplayOptions {
  /** How many times faster than it was recorded: 1 is in its own time. Default: `Infinity`, as fast as it can be read. */
  readonly speed?: number;
  /** Wait at the end for what is still being written; the stream then ends by unsubscribing only. Default: `false`. */
  readonly follow?: boolean;
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
 * `follow`, the stream goes on as the file grows, and begins again when the file is replaced.
 *
 * Errors of the stream: a file that cannot be read, and a damaged line, by its number. A last line that a kill has torn
 * is left out.
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
  const { speed = Infinity, follow = false } = checkOptions('replay', options, { speed: true, follow: true });
  checkReplay(file, speed);
  return new Observable((subscriber) => {
    const stop = new AbortController();
    deliver(readRun(file, { speed, follow, signal: stop.signal }), subscriber).then(
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

export interface ReadRunOptions extends ReplayOptions {
  /** Ends it: also while it waits. */
  readonly signal?: AbortSignal;
}

/**
 * What {@link replay} gives, one record each time that it is asked for one: whoever takes them slowly makes the reading
 * wait, which a stream cannot.
 *
 * @throws TypeError for an option that is wrong; else as the stream of {@link replay}, where it is iterated.
 *
 * @example
 * ```ts
 * import { readRun } from 'trainscope/node';
 *
 * for await (const record of readRun('results/run.jsonl')) {
 *   await fetch('http://localhost:8080/records', { method: 'POST', body: JSON.stringify(record) });
 * }
 * ```
 */
export function readRun(file: string, options: ReadRunOptions = {}): AsyncIterableIterator<RunRecord> {
  checkOptions('readRun', options, { speed: true, follow: true, signal: true });
  const { speed = Infinity, follow = false, signal = new AbortController().signal } = options;
  checkReplay(file, speed);
  const pace = new Pace(speed, (ms) => sleep(ms, signal));
  return decodeLines(file, readLines(file, { follow, signal, pollMs: POLL_MS }), pace, signal);
}

function checkReplay(file: string, speed: number): void {
  if (typeof file !== 'string' || file === '') {
    throw new TypeError(`file: expected the path of a recorded run, got ${describeValue(file)}`);
  }
  if (typeof speed !== 'number' || !(speed > 0)) {
    throw new TypeError(`speed: expected a number above 0, got ${describeValue(speed)}`);
  }
}

async function* decodeLines(
  file: string,
  blocks: AsyncIterable<Lines>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<RunRecord> {
  let decode = recordDecoder();
  for await (const { lines, firstNumber, torn, restarted } of blocks) {
    if (restarted) decode = recordDecoder();
    for (const [i, line] of lines.entries()) {
      const record = torn ? decodeTorn(decode, line) : decodeLine(decode, line, file, firstNumber + i);
      if (!record) continue;
      const wait = pace.until(record);
      if (wait) await wait;
      if (signal.aborted) return;
      yield record;
    }
  }
}

function decodeLine(decode: RecordDecoder, line: string, file: string, number: number): RunRecord | undefined {
  if (line.trim() === '') return undefined;
  try {
    return decode(line);
  } catch (cause) {
    const start = line.length > 60 ? `${line.slice(0, 60)}…` : line;
    throw new Error(
      `${file}, line ${number}: expected a record of a run, got ${JSON.stringify(start)} (${(cause as Error).message})`,
      { cause },
    );
  }
}

/** The last line of a file, which has no end: a record if it is whole. */
function decodeTorn(decode: RecordDecoder, line: string): RunRecord | undefined {
  try {
    return decode(line);
  } catch {
    return undefined;
  }
}
