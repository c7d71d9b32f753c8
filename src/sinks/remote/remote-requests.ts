import { Observable, Subject } from 'rxjs';
import type { ControlEvent, ControlRequest, WireCommand } from '../../events/index.js';

/** So long a command waits for somebody who steers. */
const STEERED_WITHIN_MS = 10_000;

const NOBODY = 'nobody steers this run by remote.requests$';

/** What came of a command. */
export interface CommandAnswer {
  readonly id: string;
  readonly message: string | undefined;
  readonly refused: boolean;
}

interface Pending {
  readonly id: string;
  readonly request: ControlRequest;
  readonly until: number;
  given: boolean;
}

/**
 * The commands of a server as requests to the run, and the run's `control` events as their answers. A server repeats a
 * command until it has the answer: it is given once.
 */
export class RemoteRequests {
  /** What is asked of the run. A request that came before anybody listened is given to the first who does. */
  readonly requests$: Observable<ControlRequest>;
  readonly #given$ = new Subject<ControlRequest>();
  readonly #known = new Set<string>();
  #pending: Pending[] = [];

  constructor() {
    this.requests$ = new Observable((subscriber) => {
      const subscription = this.#given$.subscribe(subscriber);
      this.#give();
      return subscription;
    });
  }

  take(commands: readonly WireCommand[], now: number): void {
    for (const { id, command, source, message, parameter } of commands) {
      if (this.#known.has(id)) continue;
      this.#known.add(id);
      const request = { command, source, message, ...(parameter !== undefined && { parameter }) };
      this.#pending.push({ id, request, until: now + STEERED_WITHIN_MS, given: false });
    }
    this.#give();
  }

  /** The answer that an event of the run is to a command, if it is one. */
  answerOf(event: ControlEvent): CommandAnswer | undefined {
    const answered = this.#pending.find(({ request, given }) => given && isAnswer(event, request));
    if (!answered) return undefined;
    this.#pending = this.#pending.filter((each) => each !== answered);
    const { id, request } = answered;
    const outcome = event.message.slice(request.message.length).replace(/^: (?:not done: )?/, '');
    return { id, message: outcome || undefined, refused: event.refused === true };
  }

  /** The answers to what nobody was there to do. */
  overdue(now: number): readonly CommandAnswer[] {
    const overdue = this.#pending.filter(({ given, until }) => !given && until <= now);
    this.#pending = this.#pending.filter((each) => !overdue.includes(each));
    return overdue.map(({ id }) => ({ id, message: NOBODY, refused: true }));
  }

  /** Another server, or another training: the ids of commands begin anew. */
  forget(): void {
    this.#known.clear();
    this.#pending = [];
  }

  complete(): void {
    this.forget();
    this.#given$.complete();
  }

  #give(): void {
    for (const pending of this.#pending) {
      if (pending.given || !this.#given$.observed) continue;
      // Before it is given: it may be answered at once.
      pending.given = true;
      this.#given$.next(pending.request);
    }
  }
}

/** The run copies commands, so that one is known by what it says. Those that are alike are answered in their order. */
function isAnswer({ command, source, message }: ControlEvent, request: ControlRequest): boolean {
  return (
    source === request.source &&
    (message === request.message || message.startsWith(`${request.message}: `)) &&
    isSame(command, request.command)
  );
}

function isSame(a: object, b: object): boolean {
  const [entries, others] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return entries.length === others.size && entries.every(([key, value]) => Object.is(others.get(key), value));
}
