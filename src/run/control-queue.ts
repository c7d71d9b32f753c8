import type { ControlCommand, ControlRequest } from '../events/events.js';
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
  readonly #underway = new Set<Promise<void>>();

  constructor(
    private readonly bus: EventBus,
    private readonly act: Act,
  ) {}

  /** Have a request done: at once, or when the loop takes it. */
  ask(request: ControlRequest): void {
    const settle = this.#settling(request);
    try {
      const outcome = this.act(request);
      if (outcome === LATER) this.#waiting.push(settle);
      else if (isPromiseLike(outcome)) this.#follow(outcome, settle);
      else settle.done(outcome);
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

  /** Resolves when nothing that was begun is under way any more. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  #begin({ request, done, refuse }: WaitingRequest): WaitingRequest {
    let end = (): void => {};
    const underway = new Promise<void>((resolve) => {
      end = () => {
        this.#underway.delete(underway);
        resolve();
      };
    });
    this.#underway.add(underway);
    return {
      request,
      done(outcome) {
        end();
        done(outcome);
      },
      refuse(cause) {
        end();
        refuse(cause);
      },
    };
  }

  #follow(outcome: PromiseLike<Outcome>, { done, refuse }: WaitingRequest): void {
    const followed: Promise<void> = Promise.resolve(outcome)
      .then(done, refuse)
      .finally(() => this.#underway.delete(followed));
    this.#underway.add(followed);
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
