import { type ControlCommand, shortNumber } from '../../events/index.js';
import type { WaitingRequest } from '../../run/index.js';
import type { Session } from '../session/session.js';
import { checkRate } from './rate.js';

/** The source of the factor by which rollbacks have lowered the rate: that of the operator `rollback`, too. */
const ROLLBACK = 'rollback';

type Rollback = Extract<ControlCommand, { readonly kind: 'rollback' }>;

/** Takes a training back to its last good checkpoint, when that is asked for. */
export class Rollbacks<Example> {
  readonly #session: Session<Example>;
  /** The factor of rollbacks when the last one was done. */
  #cut: number;

  constructor(session: Session<Example>) {
    this.#session = session;
    this.#cut = session.rate.factorOf(ROLLBACK);
  }

  /** Do the last rollback that is asked for, and the others with it. Says whether the training is back at an earlier step. */
  async doAsked(): Promise<boolean> {
    const asked = this.#session.queue.take('rollback');
    const last = asked.at(-1);
    if (!last) return false;
    for (const { done } of asked.slice(0, -1)) done('together with a later one');
    return this.#rollBack(last);
  }

  /** Back to the last good checkpoint, with the rate that is asked for, or a lower one. */
  async #rollBack({ request, done, refuse }: WaitingRequest): Promise<boolean> {
    const { checkpoints, control, plan, rate, requests, state } = this.#session;
    const { learningRate: asked, beforeStep } = request.command as Rollback;
    const from = state.globalStep;
    const rateBefore = rate.now;
    try {
      // Before anything is changed: what is refused leaves all as it was.
      if (asked !== undefined) checkRate(asked);
      const { position, learningRate } = await checkpoints.rollBack(beforeStep);
      this.#session.position = position;
      if (asked === undefined) this.#cutRate([rateBefore, learningRate]);
      else rate.setProduct(asked);
    } catch (cause) {
      refuse(cause);
      return false;
    }
    this.#cut = rate.factorOf(ROLLBACK);
    // A run that had made its last step has steps to make again, unless it was asked to stop.
    if (from >= plan.maxSteps) control.shouldTrainingStop = requests.stoppedBy !== undefined;
    done(`from step ${from} back to step ${state.globalStep}, learning rate ${shortNumber(rate.now)}`);
    return true;
  }

  /**
   * The rates of before the rollback and of the checkpoint have led astray: go on with half of the lower, unless whoever
   * asked for the rollback has lowered the rate since the last one. It is a factor, and told of, so that a control that
   * follows the schedule can tell it from one.
   */
  #cutRate(tried: readonly number[]): void {
    const { announcer, rate } = this.#session;
    const change = Math.min(...tried.filter((each) => each > 0)) / 2 / rate.now;
    const before = rate.factorOf(ROLLBACK);
    if (before < this.#cut || !(change > 0 && change < Infinity)) return;
    const factor = before * change;
    const outcome = rate.scale(ROLLBACK, factor);
    const command = { kind: 'scale-learning-rate', factor } as const;
    announcer.publish({ type: 'control', command, source: ROLLBACK, message: `after a rollback: ${outcome}` });
  }
}
