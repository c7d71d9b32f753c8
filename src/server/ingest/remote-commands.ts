import type { ControlRequest, WireCommand } from '../../events/index.js';
import type { Outcome } from '../../run/index.js';

interface Asked {
  readonly command: WireCommand;
  /** The ranks that have not answered. */
  readonly waiting: Set<number>;
  readonly refusals: string[];
  outcome: Outcome;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (cause: Error) => void;
}

/** What is asked of the processes of a run. A command is done when all of them have answered. */
export class RemoteCommands {
  readonly #asked = new Map<string, Asked>();
  #next = 1;

  /** Ask these ranks; several of them do it right before the update that makes it `atStep` updates. */
  ask(
    { command, source, message, parameter }: ControlRequest,
    ranks: Iterable<number>,
    atStep: number | undefined,
  ): Promise<Outcome> {
    const waiting = new Set(ranks);
    if (waiting.size === 0) return Promise.reject(new Error('no process of the run is there'));
    const id = `c${this.#next++}`;
    const known = { ...(parameter !== undefined && { parameter }), ...(atStep !== undefined && { atStep }) };
    return new Promise((resolve, reject) => {
      const asked = { id, command, source, message, ...known };
      this.#asked.set(id, { command: asked, waiting, refusals: [], outcome: undefined, resolve, reject });
    });
  }

  /** What a rank has not answered yet. */
  of(rank: number): readonly WireCommand[] {
    return [...this.#asked.values()].filter(({ waiting }) => waiting.has(rank)).map(({ command }) => command);
  }

  answer(rank: number, id: string, message: string | undefined, refused: boolean): void {
    const asked = this.#asked.get(id);
    if (!asked?.waiting.delete(rank)) return;
    if (refused) asked.refusals.push(message ?? 'no reason was given');
    else asked.outcome ??= message;
    if (asked.waiting.size === 0) this.#settle(asked);
  }

  /** A rank is gone, and answers no more. */
  leave(rank: number): void {
    for (const asked of this.#asked.values()) {
      if (!asked.waiting.delete(rank)) continue;
      asked.refusals.push(`rank ${rank} is gone`);
      if (asked.waiting.size === 0) this.#settle(asked);
    }
  }

  refuseAll(why: string): void {
    for (const { command, reject } of this.#asked.values()) {
      this.#asked.delete(command.id);
      reject(new Error(why));
    }
  }

  #settle({ command, refusals, outcome, resolve, reject }: Asked): void {
    this.#asked.delete(command.id);
    if (refusals.length > 0) reject(new Error([...new Set(refusals)].join('; ')));
    else resolve(outcome);
  }
}
