import type { Changes } from '../../history/changes.js';
import { Histories } from '../../history/histories.js';
import type { Slices, Work } from '../parts/slices.js';
import { haveEnded } from './run-state.js';
import type { Connection, View } from './view.js';

/** Milliseconds until a server that has refused is asked again. */
const AGAIN_MS = 5000;
/** Within these milliseconds a drawing that was asked for has begun. */
const FRAME_MS = 20;

/**
 * Follows the server's stream, and takes what comes in slices. It is of all runs, and of the parameters of the one that is
 * looked at: when another is, the stream is opened anew and goes on where it was.
 */
export class Stream {
  #source: EventSource | undefined;
  /** What was told so far, in the server's words. */
  #since = '';
  /** The runs that it was opened for; undefined for whichever began last. */
  #wanted: string | undefined;
  /** Those whose parameters came last. */
  #tables: readonly string[] = [];
  readonly #waiting: MessageEvent<string>[] = [];
  #working = false;
  /** A whole picture on its way. */
  #next: Histories | undefined;

  constructor(
    private readonly view: View,
    private readonly slices: Slices,
  ) {
    this.#wanted = view.choices.focus;
    view.onChange(() => this.#turnTo(view.focus?.name));
    view.signal.addEventListener('abort', () => this.#source?.close());
  }

  follow(): void {
    const params = new URLSearchParams(location.search);
    if (this.#wanted !== undefined) params.set('tables', this.#wanted);
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
    this.#source.close();
    this.#waiting.length = 0;
    this.follow();
  }

  #lose(source: EventSource): void {
    if (source !== this.#source) return;
    // The process of a finished run is gone for good: what is shown is all there is.
    if (haveEnded(this.view.allRuns)) source.close();
    // Refused, not cut off: the browser gives up, so it is tried again here.
    else if (source.readyState === EventSource.CLOSED) setTimeout(() => this.follow(), AGAIN_MS);
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
    while (this.#waiting.length > 0) {
      const hadNothing = this.#hasNothing;
      await this.slices.run(this.#take());
      // What is seen first is drawn before more is taken.
      if (hadNothing && !this.#hasNothing) await this.slices.rest(FRAME_MS);
    }
    this.#working = false;
    arrived();
  }

  /** Take what waits; of a page that has shown nothing, until there is something to be seen. */
  *#take(): Work {
    const hadNothing = this.#hasNothing;
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      if (this.#apply(JSON.parse(message.data) as Changes, message.lastEventId)) this.view.grown();
      if (hadNothing && !this.#hasNothing) return;
      yield;
    }
  }

  get #hasNothing(): boolean {
    return this.view.histories.runs.size === 0;
  }

  /** Take a piece of changes; whether there is something new to be seen as a whole. */
  #apply(changes: Changes, id: string): boolean {
    // From nothing: a first connection, or a server that does not know what this page has had.
    if (changes.from === 0) this.#next = new Histories();
    const histories = this.#next ?? this.view.histories;
    histories.apply(changes);
    // Series are seen as soon as all are there; what replaces another picture is seen when it is whole.
    if (changes.more === 'series' || (changes.more === 'tables' && !this.#hasNothing)) return false;
    if (changes.more) return this.#show(histories);
    this.#since = id;
    this.#tables = changes.tables ?? [];
    for (const run of histories.runs.values()) if (!this.#tables.includes(run.name)) run.forgetTables();
    this.#next = undefined;
    return this.#show(histories);
  }

  #show(histories: Histories): true {
    this.view.histories = histories;
    return true;
  }
}
