import type { WaitingRequest } from '../../run/index.js';
import { isOfSystem, retried } from '../checkpoints/retried.js';
import { metricOf } from '../evaluation/metric-of.js';
import type { Session } from '../session/session.js';
import { logMetrics } from './log-metrics.js';
import { SaveFailures } from './save-failures.js';
import { speedMetrics } from './speed-metrics.js';

/**
 * How often at most the end of a step does what is asked for. What is asked for because of something that was asked for
 * (a checkpoint of a good evaluation) is done at once; but an observer that goes on asking must not hold up the training.
 */
const MOST_ROUNDS = 4;

/** What the end of a step, an epoch or a training brings: log, evaluation, checkpoint, and what control has asked for. */
export class StepEnd<Example> {
  readonly #session: Session<Example>;
  readonly #failures: SaveFailures;
  #whyNoSave: string | undefined;

  constructor(session: Session<Example>) {
    this.#session = session;
    this.#failures = new SaveFailures(session.announcer);
  }

  /** Do what is due, and then what is asked for. */
  async settle(): Promise<void> {
    const { control, meter, state } = this.#session;
    if (control.shouldLog && meter.hasNews(state.globalStep)) await this.#log();
    await this.#round(control.shouldEvaluate);
    await this.#settleAsked(MOST_ROUNDS - 1);
  }

  /** After the last step nothing is due: do what is asked for. */
  async settleLast(): Promise<void> {
    this.#session.control.shouldSave = false;
    await this.#settleAsked(MOST_ROUNDS);
  }

  /** From now on a checkpoint is refused: one could not go on from it. */
  refuseSaves(why: string): void {
    this.#whyNoSave = why;
  }

  async #settleAsked(rounds: number): Promise<void> {
    for (let round = 0; round < rounds && this.#session.queue.has('evaluate', 'save'); round++)
      await this.#round(false);
  }

  async #round(evaluationIsDue: boolean): Promise<void> {
    const { control, queue } = this.#session;
    const evaluations = queue.take('evaluate');
    if (evaluationIsDue || evaluations.length > 0) await this.#evaluate(evaluations, evaluationIsDue);
    const saves = queue.take('save');
    if (control.shouldSave || saves.length > 0) await this.#save(saves);
  }

  async #log(): Promise<void> {
    const { announcer, args, meter, state, tally } = this.#session;
    const metrics: Record<string, number> = { loss: meter.take(state.globalStep) };
    if (tally.last) {
      metrics.grad_norm = tally.last.gradNorm;
      metrics.learning_rate = tally.last.learningRate;
    }
    if (args.includeNumInputTokensSeen !== 'no') {
      Object.assign(metrics, speedMetrics('train', performance.now() - tally.beganAt, { tokens: tally.tokens }));
    }
    await logMetrics(announcer, metrics);
  }

  /** An evaluation that fails ends the training, unless it is only control that asked for it. */
  async #evaluate(asked: readonly WaitingRequest[], isDue: boolean): Promise<void> {
    const { announcer, args, control, evaluate } = this.#session;
    try {
      const isBest = this.#judge(await evaluate());
      if (args.saveStrategy === 'best') control.shouldSave = isBest && this.#whyNoSave === undefined;
    } catch (error) {
      for (const { refuse } of asked) refuse(error);
      if (isDue || announcer.wasThrown(error)) throw error;
      return;
    }
    for (const { done } of asked) done();
  }

  /** Whether an evaluation is the best so far; schedules that follow a metric are told. */
  #judge(metrics: Readonly<Record<string, number>>): boolean {
    const { args, scheduler, state } = this.#session;
    if (args.metricForBestModel === undefined) return false;
    const value = metricOf(metrics, args);
    scheduler.observe(value);
    const best = state.bestMetric ?? (args.greaterIsBetter ? -Infinity : Infinity);
    if (!(args.greaterIsBetter ? value > best : value < best)) return false;
    state.bestMetric = value;
    if (args.saveStrategy !== 'no') state.bestGlobalStep = state.globalStep;
    return true;
  }

  /**
   * Write a checkpoint. One that fails ends the training, unless it is only control that asked for it, or it is the
   * system that refused and `saveFailure` says to go on.
   */
  async #save(asked: readonly WaitingRequest[]): Promise<void> {
    const { announcer, args, checkpoints, control, position } = this.#session;
    const isDue = control.shouldSave;
    let path: string;
    try {
      if (this.#whyNoSave !== undefined) throw new Error(this.#whyNoSave);
      path = await retried(
        () => checkpoints.save(position),
        (error) => this.#failures.failed(error),
      );
    } catch (error) {
      for (const { refuse } of asked) refuse(error);
      const goesOn = args.saveFailure === 'continue' && isOfSystem(error);
      if (isDue && !goesOn) throw error;
      if (isDue) this.#failures.failed(error);
      control.shouldSave = false;
      return;
    }
    this.#failures.written();
    try {
      await announcer.say('onSave', { type: 'save', path }, {});
    } finally {
      for (const { done } of asked) done(path);
    }
  }
}
