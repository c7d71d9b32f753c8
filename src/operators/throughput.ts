import { filter, map, type OperatorFunction, pipe } from 'rxjs';
import { checkPositiveInteger } from '../events/check-option.js';
import type { EventContext, StepEndEvent, TrainingEvent } from '../events/events.js';
import { perSubscription } from './per-subscription.js';

export interface ThroughputOptions {
  /** Over how many of the last steps. Default: 20. */
  readonly window?: number;
}

/** How fast the loop goes, over the last steps. */
export interface Throughput extends EventContext {
  readonly type: 'throughput';
  readonly stepsPerSecond: number;
  /** NaN where the source does not know how many examples a step has. */
  readonly examplesPerSecond: number;
  /** The part of the steps' time that operators, sinks and subscribers took, 0…1. */
  readonly observingShare: number;
}

/**
 * Tell at each `step-end` how fast the loop has gone over the last steps.
 *
 * ```text
 * events    -b-e-b-e--|     b step-begin   e step-end
 * throughput()
 *           ---t---t--|
 * ```
 *
 * The time of a window is that of the loop, by the events' own times: from the beginning of its first step to the end of
 * its last, with what happened between them (loading data, evaluating), and at least the sum of the steps' durations,
 * since times are in whole milliseconds. A recorded run gives the same numbers. A new `train-begin` begins a new window.
 *
 * @throws TypeError when `window` is not a positive integer.
 *
 * @example
 * ```ts
 * import { instrument, throughput } from 'trainscope';
 *
 * const training = instrument(model);
 * training.events$.pipe(throughput()).subscribe(({ stepsPerSecond, observingShare }) =>
 *   console.log(`${stepsPerSecond.toFixed(1)} steps/s, ${(100 * observingShare).toFixed(1)} % observing`),
 * );
 * ```
 */
export function throughput({ window = 20 }: ThroughputOptions = {}): OperatorFunction<TrainingEvent, Throughput> {
  checkPositiveInteger('window', window);
  return perSubscription(() => {
    const steps: StepEndEvent[] = [];
    return pipe(
      filter((event: TrainingEvent) => {
        if (event.type === 'train-begin') steps.length = 0;
        return event.type === 'step-end';
      }),
      map((event) => {
        steps.push(event as StepEndEvent);
        if (steps.length > window) steps.shift();
        return speedOf(steps);
      }),
    );
  });
}

function speedOf(steps: readonly StepEndEvent[]): Throughput {
  const first = steps[0]!;
  const last = steps.at(-1)!;
  const sum = (pick: (step: StepEndEvent) => number) => steps.reduce((total, step) => total + pick(step), 0);
  const inStepsMs = sum(({ durationMs }) => durationMs);
  const seconds = Math.max(last.time - first.time + first.durationMs, inStepsMs) / 1000;
  const { run, step, epoch, time } = last;
  return {
    type: 'throughput',
    run,
    step,
    epoch,
    time,
    stepsPerSecond: steps.length / seconds,
    examplesPerSecond: sum(({ examples }) => examples) / seconds,
    observingShare: inStepsMs === 0 ? 0 : sum(({ observingMs }) => observingMs) / inStepsMs,
  };
}
