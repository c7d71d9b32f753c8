import { filter, map, type OperatorFunction, pipe } from 'rxjs';
import {
  checkOptions,
  checkPositiveInteger,
  SpeedWindow,
  type StepEndEvent,
  type Throughput,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription } from './per-subscription.js';

/** Options of {@link throughput}: over how long it takes the mean. */
export interface ThroughputOptions {
  /** Over how many of the last steps. Default: 20. */
  readonly window?: number;
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
 * import { observe, throughput } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.events$.pipe(throughput()).subscribe(({ stepsPerSecond, observingShare }) =>
 *   console.log(`${stepsPerSecond.toFixed(1)} steps/s, ${(100 * observingShare).toFixed(1)} % observing`),
 * );
 * ```
 */
export function throughput(options: ThroughputOptions = {}): OperatorFunction<TrainingEvent, Throughput> {
  const { window = 20 } = checkOptions('throughput', options, { window: true });
  checkPositiveInteger('window', window);
  return perSubscription(() => {
    const speed = new SpeedWindow(window);
    return pipe(
      filter((event: TrainingEvent) => {
        if (event.type === 'train-begin') speed.restart();
        return event.type === 'step-end';
      }),
      map((event) => {
        const { run, step, epoch, time } = event;
        return { type: 'throughput' as const, run, step, epoch, time, ...speed.take(event as StepEndEvent) };
      }),
    );
  });
}
