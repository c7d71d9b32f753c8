import { Observable, type Subscriber } from 'rxjs';
import { describeValue } from '../events/check-option.js';
import type { RunRecord } from '../operators/of-measurement.js';
import { type Lines, readLines, sleep } from './replay/line-reader.js';
import { Pace } from './replay/pace.js';
import { type RecordDecoder, recordDecoder } from './replay/record-decoder.js';

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
export function replay(file: string, { speed = Infinity, follow = false }: ReplayOptions = {}): Observable<RunRecord> {
  if (typeof file !== 'string' || file === '') {
    throw new TypeError(`file: expected the path of a recorded run, got ${describeValue(file)}`);
  }
  if (typeof speed !== 'number' || !(speed > 0)) {
    throw new TypeError(`speed: expected a number above 0, got ${describeValue(speed)}`);
  }
  return new Observable((subscriber) => {
    const stop = new AbortController();
    const pace = new Pace(speed, (ms) => sleep(ms, stop.signal));
    const lines = readLines(file, { follow, signal: stop.signal, pollMs: POLL_MS });
    deliver(file, lines, pace, subscriber).then(
      () => subscriber.complete(),
      (cause) => subscriber.error(cause),
    );
    return () => stop.abort();
  });
}

async function deliver(file: string, blocks: AsyncIterable<Lines>, pace: Pace, subscriber: Subscriber<RunRecord>) {
  let decode = recordDecoder();
  for await (const { lines, firstNumber, torn, restarted } of blocks) {
    if (restarted) decode = recordDecoder();
    for (const [i, line] of lines.entries()) {
      if (subscriber.closed) return;
      const record = torn ? decodeTorn(decode, line) : decodeLine(decode, line, file, firstNumber + i);
      if (!record) continue;
      const wait = pace.until(record);
      if (wait) await wait;
      subscriber.next(record);
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
