import type { ControlCommand, ControlRequest } from '../events/index.js';
import { checkCommand } from './check-given.js';
import type { EventBus } from './event-bus.js';
import { isPromiseLike } from './guard.js';
import { reasonOf } from './sink-errors.js';

/** What {@link Act} gives for a request that the loop takes from the queue when its moment has come. */
export const LATER = Symbol('later');

/** What came of a request, where there is something to say (`0.01 → 0.005`). */
export type Outcome = string | undefined;

/** Does what a request asks of the loop, or puts it off. Throws, or rejects, with the reason where it cannot be done. */
export type Act = (request: ControlRequest) => Outcome | Promise<Outcome> | typeof LATER;

/** A request that waits for its moment. One of the two is called, once. */
export interface WaitingRequest {
  readonly request: ControlRequest;
  /** It is done. */
  readonly done: (outcome?: Outcome) => void;
  /** It cannot be done. */
  readonly refuse: (cause: unknown) => void;
}

/**
 * What is asked of a loop. Every request gets one `control` event: who asked, why, and what came of it, or why it was not
 * done; also the last ones of a run.
 */
export class ControlQueue {
  #waiting: WaitingRequest[] = [];
  /** What was begun, and how to say that it will not be waited for. */
  readonly #underway = new Map<Promise<void>, WaitingRequest>();

  constructor(
    private readonly bus: EventBus,
    private readonly act: Act,
  ) {}

  /** Have a request done: at once, or when the loop takes it. */
  ask(request: ControlRequest): void {
    const settle = this.#settling(request);
    try {
      checkCommand(request.command);
      const outcome = this.act(request);
      if (outcome === LATER) this.#waiting.push(settle);
      else if (isPromiseLike(outcome)) {
        const { done, refuse } = this.#begin(settle);
        outcome.then(done, refuse);
      } else settle.done(outcome);
    } catch (cause) {
      settle.refuse(cause);
    }
  }

  /** Whether a request of one of these kinds waits. */
  has(...kinds: readonly ControlCommand['kind'][]): boolean {
    return this.#waiting.some(({ request }) => kinds.includes(request.command.kind));
  }

  /**
   * Take the requests of these kinds that wait, in the order in which they came. Whoever takes them settles them; until
   * then they are under way.
   */
  take(...kinds: readonly ControlCommand['kind'][]): readonly WaitingRequest[] {
    const isMeant = ({ request }: WaitingRequest) => kinds.includes(request.command.kind);
    const taken = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((each) => !isMeant(each));
    return taken.map((each) => this.#begin(each));
  }

  /** Refuse all that waits: its moment will not come. */
  refuseWaiting(why: string): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(new Error(why));
  }

  /** Refuse what was begun and is not done: it will not be waited for. */
  refuseUnderway(why: string): void {
    for (const { refuse } of [...this.#underway.values()]) refuse(new Error(why));
  }

  /** Resolves when nothing that was begun is under way any more. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway.keys());
  }

  /** What was taken is under way until it is settled; it is settled once. */
  #begin({ request, done, refuse }: WaitingRequest): WaitingRequest {
    let end = (): void => {};
    const underway = new Promise<void>((resolve) => {
      end = resolve;
    });
    const settle = (how: () => void) => {
      if (!this.#underway.delete(underway)) return;
      how();
      end();
    };
    const begun: WaitingRequest = {
      request,
      done: (outcome) => settle(() => done(outcome)),
      refuse: (cause) => settle(() => refuse(cause)),
    };
    this.#underway.set(underway, begun);
    return begun;
  }

  #settling(request: ControlRequest): WaitingRequest {
    const { command, source, message, parameter } = request;
    const tell = (text: string, refused: boolean) =>
      this.bus.publish({
        type: 'control',
        command,
        source,
        message: text,
        ...(parameter !== undefined && { parameter }),
        ...(refused && { refused: true as const }),
      });
    return {
      request,
      done: (outcome) => tell(outcome ? `${message}: ${outcome}` : message, false),
      refuse: (cause) => tell(`${message}: not done: ${reasonOf(cause)}`, true),
    };
  }
}
