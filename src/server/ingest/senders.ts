import type { SessionRecord } from '../../events/index.js';
import type { RunOptions } from '../../run/index.js';
import { HttpError } from './http-error.js';
import { checkLines } from './lines-of.js';
import { IngestedRun } from './remote-run.js';
import { freeName, safeName } from './run-names.js';
import { type BatchAnswer, type Beginning, beginningOf, Sender, type SenderPosition } from './sender.js';
import { checkSession } from './sent-record.js';

/** A run of an earlier time, of which more may come. */
export interface KnownRun {
  /** The name of the run, as the earlier server had it. */
  readonly run: string;
  /** Updates done. */
  readonly step: number;
  /** The sessions of the processes that sent of it. Default: none; a run that is resumed by its name needs none. */
  readonly sessions?: readonly string[];
}

export interface SendersOptions extends Omit<RunOptions, 'run'> {
  /** Runs of earlier times: their names are taken, and their processes go on with them. */
  readonly known?: readonly KnownRun[];
  /** Milliseconds for which a step waits for the ranks that have not told of it. */
  readonly waitMs: number;
  /** Milliseconds of silence after which a process is taken for gone. */
  readonly lostAfterMs: number;
  /** Processes that may send at once. */
  readonly maxSessions: number;
  /** A run begins. */
  readonly onRun: (run: IngestedRun) => void;
}

/** How many sessions that have ended are remembered, to know them when they are heard of again. */
const MOST_REMEMBERED = 10_000;

/** All processes that send, and the runs that they are of. */
export class Senders {
  readonly #options: SendersOptions;
  readonly #senders = new Map<string, Sender>();
  /** Where runs were, by the sessions that had sent of them. */
  readonly #remembered = new Map<string, KnownRun>();
  /** Of processes whose place another one has taken. */
  readonly #replaced = new Set<string>();
  readonly #names = new Set<string>();
  readonly #runs = new Set<IngestedRun>();

  constructor(options: SendersOptions) {
    this.#options = options;
    for (const known of options.known ?? []) {
      this.#names.add(known.run);
      for (const session of known.sessions ?? []) this.#remember(session, known);
    }
  }

  /** Those that are under way. */
  get runs(): readonly IngestedRun[] {
    return [...this.#runs];
  }

  take(id: string, batch: number, body: Buffer, binary: boolean): BatchAnswer {
    const now = performance.now();
    checkLines(body, binary);
    const sender = this.#senders.get(id) ?? this.#open(id, body, binary, now);
    return sender.take(batch, body, binary, now);
  }

  /** Leave out those that were not heard of for long. */
  sweep(now: number): void {
    for (const sender of this.#senders.values()) {
      const silentMs = now - sender.heardAt;
      if (silentMs < this.#options.lostAfterMs) continue;
      this.#forget(sender, `nothing was heard of it for ${Math.round(silentMs / 1000)} s`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.runs.map((run) => run.close()));
  }

  #open(id: string, body: Buffer, binary: boolean, now: number): Sender {
    const beginning = beginningOf(body, binary);
    if (!beginning) throw new HttpError(409, `session: ${id} is not known here; send its session line first`);
    let session: SessionRecord;
    try {
      session = checkSession(beginning.session as SessionRecord & Record<string, unknown>);
    } catch (cause) {
      throw new HttpError(400, (cause as Error).message);
    }
    if (session.session !== id) {
      throw new HttpError(400, `Trainscope-Session: expected ${session.session}, as the session line says, got ${id}`);
    }
    if (this.#senders.size >= this.#options.maxSessions) {
      throw new HttpError(503, `sessions: expected at most ${this.#options.maxSessions} at once`, {
        'Retry-After': '5',
      });
    }
    const at = this.#positionOf(session, beginning);
    const run = this.#joined(session, at.step) ?? this.#begun(session, at.step);
    const sender = new Sender(session, run, at, now);
    this.#senders.set(id, sender);
    run.join(session, at.step);
    return sender;
  }

  /** A session that is known tells once more how its run began; by now it is further. */
  #positionOf({ session }: SessionRecord, { step, at }: Beginning): SenderPosition {
    const known = this.#remembered.get(session);
    const begun = { step, epoch: 0 };
    if (!known) return begun;
    return [begun, at ?? { step: known.step, epoch: 0 }].reduce((a, b) => (b.step > a.step ? b : a));
  }

  /** The run under way that a session is of: as another rank, as one that was restarted, or as one that is resumed. */
  #joined(session: SessionRecord, step: number): IngestedRun | undefined {
    // It lives after all: two would take the run from each other in turns.
    if (this.#replaced.has(session.session)) return undefined;
    const { rank, world, launch } = session;
    const name = this.#remembered.get(session.session)?.run ?? safeName(session.run);
    for (const run of this.#runs) {
      if (baseOf(run.run, name) === undefined || run.workers !== world) continue;
      const sameLaunch = world > 1 && run.launch === launch;
      const isFree = !run.ranks.includes(rank);
      if (sameLaunch && (isFree || step > 0)) {
        this.#replace(run, rank);
        return run;
      }
      if (run.run === name && step > 0 && (world === 1 || !sameLaunch)) {
        this.#replace(run, rank);
        return run;
      }
    }
    return undefined;
  }

  /** The process that had this rank is gone, whether it knows or not. */
  #replace(run: IngestedRun, rank: number): void {
    for (const [id, sender] of this.#senders) {
      if (sender.run !== run || sender.session.rank !== rank) continue;
      this.#senders.delete(id);
      this.#replaced.add(id);
      if (this.#replaced.size > MOST_REMEMBERED) this.#replaced.delete(this.#replaced.values().next().value!);
    }
  }

  #begun(session: SessionRecord, step: number): IngestedRun {
    const known = this.#remembered.get(session.session)?.run;
    const wanted = known ?? safeName(session.run);
    const resumed = this.#names.has(wanted) && (known !== undefined || step > 0);
    const isTaken = (name: string) => this.runs.some(({ run }) => run === name) || (!resumed && this.#names.has(name));
    const name = freeName(wanted, isTaken);
    const { clock, onSinkError, closeTimeoutMs, waitMs } = this.#options;
    const run: IngestedRun = new IngestedRun({
      ...(clock && { clock }),
      ...(onSinkError && { onSinkError }),
      ...(closeTimeoutMs !== undefined && { closeTimeoutMs }),
      run: name,
      session,
      resumed,
      waitMs,
      onEnd: () => this.#end(run),
    });
    this.#names.add(name);
    this.#runs.add(run);
    this.#options.onRun(run);
    return run;
  }

  /** What its processes still send is answered, and taken by nobody. */
  #end(run: IngestedRun): void {
    this.#runs.delete(run);
    for (const sender of this.#senders.values()) {
      if (sender.run === run) this.#remember(sender.session.session, positionOf(run));
    }
  }

  #forget(sender: Sender, why: string): void {
    this.#senders.delete(sender.session.session);
    this.#remember(sender.session.session, positionOf(sender.run));
    sender.run.leave(sender.session.rank, why);
  }

  #remember(session: string, known: KnownRun): void {
    this.#remembered.set(session, known);
    if (this.#remembered.size <= MOST_REMEMBERED) return;
    this.#remembered.delete(this.#remembered.keys().next().value!);
  }
}

function positionOf({ run, stepsDone }: IngestedRun): KnownRun {
  return { run, step: stepsDone };
}

/** Whether a name is this one, or this one with a number. */
function baseOf(name: string, base: string): string | undefined {
  return name === base || (name.startsWith(`${base}-`) && /^\d+$/.test(name.slice(base.length + 1))) ? base : undefined;
}
