import type { Changes } from '../../history/changes.js';
import { Histories } from '../../history/histories.js';
import type { Slices, Work } from '../parts/slices.js';
import { haveEnded } from './run-state.js';
import type { Connection, View } from './view.js';

/** Milliseconds until a server that has refused is asked again. */
const AGAIN_MS = 5000;
/** Milliseconds after which parameters are asked for, also where what there is is not drawn by then. */
const DRAWN_BY_MS = 400;

/**
 * Follows the server's stream, and takes what comes in slices. It is of all runs at first; when these are drawn it is opened
 * anew and goes on where it was, with the parameters of the run that is looked at; and again when that is another one.
 */
export class Stream {
  #source: EventSource | undefined;
  /** What was told so far, in the server's words. */
  #since = '';
  /** Whether it is not told of parameters yet: they are most of what there is, and would hold up what is drawn first. */
  #isBrief = true;
  /** The run of whose parameters it is told then; undefined for whichever began last. */
  #wanted: string | undefined;
  /** Those whose parameters came last. */
  #tables: readonly string[] = [];
  readonly #waiting: MessageEvent<string>[] = [];
  #working = false;
  /** A whole picture on its way. */
  #next: Histories | undefined;
  /** Call when the parameters have come, or do not: the page waits for them. */
  #arrived = () => {};

  constructor(
    private readonly view: View,
    private readonly slices: Slices,
  ) {
    view.onChange(() => this.#turnTo(view.focus?.name));
    view.signal.addEventListener('abort', () => this.#source?.close());
  }

  follow(): void {
    const params = new URLSearchParams(location.search);
    if (this.#isBrief) params.set('tables', '');
    else if (this.#wanted !== undefined) params.set('tables', this.#wanted);
    if (this.#since !== '') params.set('since', this.#since);
    const source = new EventSource(`events?${params}`);
    this.#source = source;
    source.addEventListener('open', () => this.#set('open'));
    source.addEventListener('message', (message) => {
      if (source !== this.#source) return;
      this.#waiting.push(message);
      void this.#work();
    });
    source.addEventListener('error', () => this.#lose(source));
  }

  /** Another run is looked at. */
  #turnTo(name: string | undefined): void {
    const coming = this.#wanted === undefined ? this.#tables : [this.#wanted];
    if (!this.#source || name === undefined || coming.length === 0 || coming.includes(name)) return;
    this.#wanted = name;
    this.#followAnew();
  }

  #lose(source: EventSource): void {
    if (source !== this.#source) return;
    // The process of a finished run is gone for good: what is shown is all there is.
    if (haveEnded(this.view.allRuns)) source.close();
    // Refused, not cut off: the browser gives up, so it is tried again here.
    else if (source.readyState === EventSource.CLOSED) setTimeout(() => this.follow(), AGAIN_MS);
    this.#arrived();
    this.#set('lost');
  }

  #set(connection: Connection): void {
    this.view.connection = connection;
    this.view.grown();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    const arrived = this.view.awaits();
    await this.slices.run(this.#take());
    this.#working = false;
    arrived();
  }

  *#take(): Work {
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      if (this.#apply(JSON.parse(message.data) as Changes, message.lastEventId)) this.view.grown();
      yield;
    }
  }

  /** Take a piece of changes; whether there is something new to be seen as a whole. */
  #apply(changes: Changes, id: string): boolean {
    // From nothing: a first connection, or a server that does not know what this page has had.
    if (changes.from === 0) this.#next = new Histories();
    const histories = this.#next ?? this.view.histories;
    histories.apply(changes);
    // What is told is seen when it is whole.
    if (changes.more) return false;
    this.#since = id;
    this.#tables = changes.tables ?? [];
    for (const run of histories.runs.values()) if (!this.#tables.includes(run.name)) run.forgetTables();
    this.#next = undefined;
    this.view.histories = histories;
    if (this.#isBrief) this.#askForParameters();
    else this.#arrived();
    return true;
  }

  #askForParameters(): void {
    const ask = () => {
      clearTimeout(timer);
      if (!this.#isBrief || this.view.signal.aborted) return;
      this.#isBrief = false;
      this.#arrived = once(this.view.awaits());
      this.#wanted = this.view.choices.focus;
      this.#followAnew();
    };
    const timer = setTimeout(ask, DRAWN_BY_MS);
    this.view.onceDrawn(ask);
  }

  #followAnew(): void {
    this.#source?.close();
    this.#waiting.length = 0;
    this.follow();
  }
}

function once(callback: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) callback();
    isDone = true;
  };
}
