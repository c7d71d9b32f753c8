import { checkFunction, describeValue } from '../events/index.js';

/** Where in the run a schedule is asked. */
export interface SchedulePosition {
  /** Epochs done, with the fraction of the running one where the source knows it. */
  readonly epoch: number;
  /** The same at the step before; −1 at the first step that the subscription sees. */
  readonly previousEpoch: number;
}

/**
 * Says which steps to measure. Any function will do; `step` counts from 1 and is the number that the measurement will
 * carry. It is asked once a step and subscription.
 *
 * @example
 * ```ts
 * import { everySteps, type Schedule } from 'trainscope';
 *
 * const fifth = everySteps(5);
 * const oftenAtFirst: Schedule = (step, at) => step <= 100 || fifth(step, at);
 * ```
 */
export type Schedule = (step: number, at: SchedulePosition) => boolean;

const SHAPE = 'function step → boolean';

/**
 * A schedule that is known to answer with a boolean.
 *
 * @throws TypeError at once when `when` is no function; at a step, when it answers with anything but a boolean.
 */
export function checkSchedule(when: Schedule): Schedule {
  checkFunction('when', when, SHAPE);
  return (step, at) => {
    const answer: unknown = when(step, at);
    if (typeof answer !== 'boolean') {
      throw new TypeError(`when: expected a ${SHAPE}; got ${describeValue(answer)} for step ${step}`);
    }
    return answer;
  };
}
