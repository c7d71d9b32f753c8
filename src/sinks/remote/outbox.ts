import { type ControlEvent, type RunRecord, within } from '../../events/index.js';
import { Deferred } from '../deferred.js';
import { Alarm } from './alarm.js';
import { LineQueue } from './line-queue.js';
import { type Outcome, post } from './post.js';
import { type CommandAnswer, RemoteRequests } from './remote-requests.js';
import { NO_PLACE, newSessionId, Session, type WireLine } from './session.js';
import { Unsent } from './unsent.js';

export interface OutboxOptions {
  /** Where batches are posted. */
  readonly url: string;
  readonly token: string | undefined;
  /** Milliseconds that the end, and a flush, wait for what is still to be sent. */
  readonly closeTimeoutMs: number;
  readonly maxQueuedBytes: number;
  readonly say: (line: string) => void;
}

/** So long lines are collected for one request, unless they are so many bytes before. */
const COLLECT_MS = 200;
const COLLECT_BYTES = 256 * 1024;
/** A sign of life is sent each second, which also asks for commands. */
const LIFE_MS = 1_000;
const MOST_LINES = 10_000;
/** The waits before a batch is sent again double from the first to the longest. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** How long the end waits for a server that was not to be had before. */
const FAILING_PATIENCE_MS = 1_000;

/** What may be missing of a run that is not followed at the time. All else is kept. */
const EXPENDABLE: ReadonlySet<string> = new Set([
  'parameter-updates',
  'parameter-values',
  'activations',
  'step-end',
  'substep-end',
  'log',
]);

/** A bounded queue, and the work that empties it: whatever happens there, the loop does not wait for it. */
export class Outbox {
  readonly requests = new RemoteRequests();
  readonly #options: OutboxOptions;
  readonly #queue = new LineQueue();
  readonly #unsent = new Unsent();
  readonly #failed = new Deferred();
  readonly #givenUp = new AbortController();
  /** Ends the wait for more lines. */
  readonly #more = new Alarm();
  /** Ends the wait before a batch is sent again. */
  readonly #again = new Alarm();
  #session: Session | undefined;
  /** Whether the session's training has not ended. */
  #alive = false;
  #work: Promise<void> | undefined;
  #waitsForAny = false;
  #failing = '';
  #dead = false;
  #closing = false;
  #lastPost = 0;
  /** Lines that were put so far, and those of them that were dealt with. */
  #put = 0;
  #settled = 0;
  #flushes: { readonly upTo: number; readonly resolve: () => void }[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Rejects where nothing can be sent any more. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  /** It is sent soon, or counted as dropped. This never waits. @throws TypeError for a record of another run. */
  put(record: RunRecord): void {
    if (this.#dead || this.#closing) return;
    const session = this.#sessionOf(record);
    if (record.type === 'control') this.#answer(record);
    else if (NO_PLACE.has(record.type)) this.#unsent.leaveOut(record.type);
    else this.#enqueue(record, session);
    this.#work ??= this.#run();
    if (this.#waitsForAny || this.#queue.bytes >= COLLECT_BYTES) this.#more.ring();
  }

  /** Send what is there; it is not waited for longer than the end is. */
  async flush(): Promise<void> {
    if (this.#dead) return;
    this.#tellDropped();
    if (this.#put === this.#settled) return;
    const sent = new Promise<void>((resolve) => this.#flushes.push({ upTo: this.#put, resolve }));
    this.#more.ring();
    await within(this.#options.closeTimeoutMs, sent);
  }

  /** Send what is there, and let go of everything. @throws Error that tells what was not sent. */
  async close(): Promise<void> {
    const { closeTimeoutMs } = this.#options;
    if (this.#work && !this.#dead) {
      this.#tellDropped();
      this.#closing = true;
      this.#more.ring();
      this.#again.ring();
      await within(this.#failing ? Math.min(closeTimeoutMs, FAILING_PATIENCE_MS) : closeTimeoutMs, this.#work);
    }
    this.#end();
    await this.#work;
    this.#unsent.loseEnd(this.#put - this.#settled, this.#failing || `it took more than ${closeTimeoutMs} ms`);
    this.#unsent.check();
  }

  /** Each training of a run has a session of its own: a server takes its end for that of the run. */
  #sessionOf({ type, run }: RunRecord): Session {
    if (this.#session && this.#session.run !== run) {
      throw new TypeError(
        `run: expected ${JSON.stringify(this.#session.run)}, which this sink sends, got ${JSON.stringify(run)}; give each run a remoteSink of its own`,
      );
    }
    if (!this.#session || (type === 'train-begin' && !this.#alive)) {
      this.#session = new Session(newSessionId(), run);
      this.#alive = true;
      this.requests.forget();
      this.#push(this.#session.line);
    }
    if (type === 'train-end') this.#alive = false;
    return this.#session;
  }

  #enqueue(record: RunRecord, session: Session): void {
    const { type, step } = record;
    const { maxQueuedBytes } = this.#options;
    const fullness = Math.max(this.#queue.length / MOST_LINES, this.#queue.bytes / maxQueuedBytes);
    const isMeasured = type === 'parameter-updates';
    if (fullness >= (EXPENDABLE.has(type) ? 1 : 2) || (isMeasured && this.#queue.isPast(step))) {
      this.#unsent.drop(step);
      return;
    }
    // Nothing is heard of a run after its end.
    if (fullness < 1 || type === 'train-end') this.#tellDropped();
    const lines = session.linesOf(record);
    if (isMeasured) {
      this.#queue.pushMeasured(lines, step);
      this.#put += lines.length;
    } else for (const line of lines) this.#push(line);
  }

  #push(line: WireLine): void {
    this.#queue.push(line, performance.now());
    this.#put++;
  }

  #tellDropped(): void {
    const dropped = this.#unsent.takeUntold();
    if (dropped) this.#push(this.#session!.dropped(dropped));
  }

  #answer(event: ControlEvent): void {
    const answer = this.requests.answerOf(event);
    if (answer) this.#pushAnswer(answer);
  }

  #pushAnswer({ id, message, refused }: CommandAnswer): void {
    this.#push(this.#session!.answer(id, message, refused));
  }

  async #run(): Promise<void> {
    try {
      for (let isMore = false; !this.#dead; ) {
        if (!isMore && !this.#isUrgent) await this.#collect();
        isMore = await this.#sendNext();
        this.#endFlushes();
        if (!isMore && this.#closing) return;
      }
    } catch (cause) {
      // Whatever it is, it is not the training's.
      this.#fail(cause);
    }
  }

  get #isUrgent(): boolean {
    return this.#closing || this.#flushes.length > 0;
  }

  /** Wait until there are enough lines for a request, or they have waited long enough. */
  async #collect(): Promise<void> {
    this.#waitsForAny = !this.#alive && this.#queue.length === 0;
    await this.#more.wait(this.#waitsForAny ? Infinity : COLLECT_MS);
    this.#waitsForAny = false;
  }

  /** Gives whether there are enough lines for another request. */
  async #sendNext(): Promise<boolean> {
    if (this.#dead) return false;
    const now = performance.now();
    for (const answer of this.requests.overdue(now)) this.#pushAnswer(answer);
    const batch = this.#queue.take(now, this.#isUrgent);
    if (batch.length > 0) await this.#deliver(batch[0]!.session, batch);
    else if (this.#alive && !this.#closing && now - this.#lastPost >= LIFE_MS) await this.#deliver(this.#session!, []);
    return batch.length > 0 && (this.#isUrgent || this.#queue.bytes >= COLLECT_BYTES);
  }

  async #deliver(session: Session, batch: readonly WireLine[], number = session.batches++): Promise<void> {
    const { url, token } = this.#options;
    let lines = batch;
    for (let waitMs = FIRST_WAIT_MS; !this.#dead; waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) {
      this.#lastPost = performance.now();
      let outcome = await post({ session: session.id, number, lines }, { url, token, signal: this.#givenUp.signal });
      if (outcome.kind === 'unknown' && lines === batch) {
        // Another server: its commands have the same ids.
        this.requests.forget();
        lines = session.introduced(batch);
        outcome = await post({ session: session.id, number, lines }, { url, token, signal: this.#givenUp.signal });
      }
      if (this.#dead) return;
      if (outcome.kind === 'too-large' && batch.length > 1) {
        const middle = batch.length >> 1;
        await this.#deliver(session, batch.slice(0, middle), number);
        return this.#deliver(session, batch.slice(middle));
      }
      if (this.#isSettledBy(outcome, session, batch)) return;
      await this.#waitFor(outcome, waitMs);
    }
  }

  /** Whether no more is to be done about a batch. */
  #isSettledBy(outcome: Outcome, session: Session, batch: readonly WireLine[]): boolean {
    switch (outcome.kind) {
      case 'later':
      case 'unknown':
        return false;
      case 'ended':
        this.#fail(new Error(outcome.why));
        return true;
      case 'taken':
        this.#failing = '';
        session.remember(batch);
        this.#settled += batch.length;
        if (outcome.damaged) this.#options.say(outcome.damaged);
        if (session === this.#session) this.requests.take(outcome.commands, performance.now());
        return true;
      default:
        this.#refused(batch, outcome.kind === 'rejected' ? outcome.why : 'a line is larger than it takes');
        return true;
    }
  }

  #refused(batch: readonly WireLine[], why: string): void {
    this.#settled += batch.length;
    for (const { step } of batch) this.#unsent.drop(step);
    this.#options.say(`the server refused ${batch.length} ${batch.length === 1 ? 'line' : 'lines'}: ${why}`);
  }

  async #waitFor(outcome: Outcome, waitMs: number): Promise<void> {
    const { why, afterMs } =
      outcome.kind === 'later' ? outcome : { why: 'the session is not known', afterMs: undefined };
    if (!this.#failing) this.#options.say(`records wait (${why}); the training goes on`);
    this.#failing = why;
    // Those that wait for one server shall not all come again at once.
    const ms = afterMs ?? waitMs * (0.5 + Math.random() / 2);
    await this.#again.wait(this.#closing ? Math.min(ms, FIRST_WAIT_MS) : ms);
  }

  #endFlushes(): void {
    const ended = ({ upTo }: { readonly upTo: number }) => this.#dead || upTo <= this.#settled;
    for (const { resolve } of this.#flushes.filter(ended)) resolve();
    this.#flushes = this.#flushes.filter((each) => !ended(each));
  }

  #fail(cause: unknown): void {
    this.#failed.reject(cause);
    this.#end();
  }

  #end(): void {
    this.#dead = true;
    this.#queue.clear();
    this.#givenUp.abort();
    this.#more.ring();
    this.#again.ring();
    this.#endFlushes();
    this.requests.complete();
  }
}
