import { decodeRecord, type SessionRecord, type WireCommand } from '../../events/index.js';
import { type RecordDecoder, recordDecoder } from '../../records/index.js';
import { reasonOf } from '../../run/index.js';
import { type BatchLine, linesOf } from './lines-of.js';
import type { IngestedRun } from './remote-run.js';
import { checkSent, type SentRecord } from './sent-record.js';

/** What a batch is answered. */
export interface BatchAnswer {
  readonly run: string;
  readonly commands: readonly WireCommand[];
  readonly damaged?: { readonly lines: number; readonly first: string };
}

/** One process that sends: what it has sent so far, and of which run it is. */
export class Sender {
  heardAt: number;
  readonly #decoder: RecordDecoder = recordDecoder();
  #nextBatch: number | undefined;

  constructor(
    readonly session: SessionRecord,
    readonly run: IngestedRun,
    now: number,
  ) {
    this.heardAt = now;
  }

  /** A batch that was taken before is not taken again: its answer was lost. */
  take(batch: number, body: Buffer, binary: boolean, now: number): BatchAnswer {
    this.heardAt = now;
    const expected = this.#nextBatch ?? batch;
    const damaged = batch >= expected ? this.#takeLines(linesOf(body, binary)) : [];
    if (batch > expected) this.#lose(batch - expected, `${batch - expected} batches of rank ${this.session.rank}`);
    if (batch >= expected) this.#nextBatch = batch + 1;
    const { run, commands } = this.run;
    return {
      run,
      commands: commands.of(this.session.rank),
      ...(damaged.length > 0 && { damaged: { lines: damaged.length, first: damaged[0]! } }),
    };
  }

  /** Gives what is wrong with the lines that were left out. */
  #takeLines(lines: Iterable<BatchLine>): readonly string[] {
    const damaged: string[] = [];
    for (const line of lines) {
      try {
        this.#takeLine(line);
      } catch (cause) {
        damaged.push(`line ${line.number}: ${reasonOf(cause)}`);
        this.#decoder.skip(line.text);
      }
    }
    if (damaged.length > 0)
      this.#lose(damaged.length, `rank ${this.session.rank} sent what is no record, ${damaged[0]}`);
    return damaged;
  }

  #takeLine({ text, bytes, damaged }: BatchLine): void {
    if (damaged) throw new TypeError('the bytes are not UTF-8');
    const decoded = this.#decoder.decode(text, bytes);
    const record = decoded && checkSent(decoded);
    if (record) this.#takeRecord(record);
  }

  #takeRecord(record: SentRecord): void {
    const { rank } = this.session;
    switch (record.type) {
      case 'session':
        return;
      case 'answer':
        this.run.commands.answer(rank, record.id, record.message, record.refused === true);
        return;
      case 'dropped': {
        const { records, firstStep, lastStep } = record;
        const steps = firstStep === undefined ? '' : ` of the steps ${firstStep} to ${lastStep ?? firstStep}`;
        this.#lose(records, `rank ${rank} could not send ${records}${steps}`);
        return;
      }
      default:
        if (record.type === 'parameter-updates' && this.session.world > 1) {
          throw new TypeError('type: expected parameter-sums of one of several ranks, got parameter-updates');
        }
        this.run.take(rank, record);
    }
  }

  #lose(count: number, why: string): void {
    this.run.lose(count, why);
  }
}

/** The records that say who sends and where it is: the first lines of a batch. Undefined where it has no session line. */
export function beginningOf(body: Buffer, binary: boolean): { session: object; step: number } | undefined {
  let session: object | undefined;
  for (const { text } of linesOf(body, binary)) {
    let record: Readonly<Record<string, unknown>>;
    try {
      record = decodeRecord(text);
    } catch {
      return session && { session, step: 0 };
    }
    if (!session) {
      if (record.type !== 'session') return undefined;
      session = record;
    } else if (record.type === 'train-begin') {
      return { session, step: typeof record.step === 'number' ? record.step : 0 };
    } else if (record.type !== 'parameters') return { session, step: 0 };
  }
  return session && { session, step: 0 };
}
