import { type EventContext, plainLines, type SinkErrorEvent } from '../events/index.js';
import { isPromiseLike } from './guard.js';

/** Told of each failure; it may be async. */
export type SinkErrorHandler = (event: SinkErrorEvent) => unknown;

/** Keeps what failed of all that follows a run, and says each failure aloud. */
export class SinkErrors {
  readonly all: SinkErrorEvent[] = [];

  constructor(private readonly handler: SinkErrorHandler | undefined) {}

  /** Keep and say a failure. Gives its event. */
  add(sink: string, cause: unknown, at: EventContext): SinkErrorEvent {
    const event: SinkErrorEvent = Object.freeze({
      type: 'sink-error' as const,
      ...at,
      sink,
      message: `${sink} failed and was detached: ${reasonOf(cause)}`,
      cause,
    });
    this.all.push(event);
    this.#say(event);
    return event;
  }

  #say(event: SinkErrorEvent): void {
    if (!this.handler) {
      sayOnStandardError(event);
      return;
    }
    // It is called where others' errors end: what it throws itself would reach nobody, and end the process.
    const handlerFailed = (thrown: unknown) => {
      sayOnStandardError(event);
      console.error('trainscope: onSinkError failed:', thrown);
    };
    try {
      const result: unknown = this.handler(event);
      if (isPromiseLike(result)) result.then(undefined, handlerFailed);
    } catch (thrown) {
      handlerFailed(thrown);
    }
  }
}

/** What a failure says, in one line: also where something else than an Error was thrown. */
export function reasonOf(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : String(cause);
  } catch {
    return 'a value that cannot be shown';
  }
}

function sayOnStandardError(event: SinkErrorEvent): void {
  console.error(plainLines(`trainscope: ${event.message}`));
}
