import type { SessionRecord, WireCommand } from '../../events/index.js';
import { decodeRecord } from '../../events/serial/index.js';
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
    /** Where it is: it may tell once more how its run began. */
    private readonly at: SenderPosition,
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
    if (damaged) throw new TypeError(damaged);
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
      case 'train-begin':
        this.run.take(rank, record.step < this.at.step ? { ...record, ...this.at } : record);
        return;
      default:
        if ((record.type === 'parameter-updates' || record.type === 'parameter-values') && this.session.world > 1) {
          throw new TypeError(`type: expected parameter-sums of one of several ranks, got ${record.type}`);
        }
        this.run.take(rank, record);
    }
  }

  #lose(count: number, why: string): void {
    this.run.lose(count, why);
  }
}

/** How far a process is: updates and epochs done. */
export interface SenderPosition {
  readonly step: number;
  readonly epoch: number;
}

/** Who sends, and where it is: by the first lines of a batch. */
export interface Beginning {
  readonly session: object;
  /** The step at which its run began. */
  readonly step: number;
  /** Where it is now, as the first update that it tells of says. */
  readonly at: SenderPosition | undefined;
}

/** Undefined where a batch has no session line. */
export function beginningOf(body: Buffer, binary: boolean): Beginning | undefined {
  let session: object | undefined;
  let begun = 0;
  for (const { text } of linesOf(body, binary)) {
    const record = recordIn(text);
    if (!record) break;
    const { type } = record;
    if (!session) {
      if (type !== 'session') return undefined;
      session = record;
    } else if (type === 'train-begin') begun = stepOf(record);
    else if (type === 'parameter-sums' || type === 'step-end') {
      return { session, step: begun, at: positionBefore(record) };
    }
  }
  return session && { session, step: begun, at: undefined };
}

type Fields = Readonly<Record<string, unknown>>;

/** Undefined for a line that is damaged. */
function recordIn(line: string): Fields | undefined {
  try {
    return decodeRecord(line);
  } catch {
    return undefined;
  }
}

function stepOf({ step }: Fields): number {
  return typeof step === 'number' ? step : 0;
}

/** Where a process was before the update that a record tells of. */
function positionBefore(record: Fields): SenderPosition | undefined {
  const step = stepOf(record);
  return step > 0 ? { step: step - 1, epoch: Number(record.epoch) || 0 } : undefined;
}
