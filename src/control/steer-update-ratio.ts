import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkShare,
  checkThat,
  type RunMemory,
  remembered,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription } from '../operators/index.js';
import type { ParameterUpdates, Statistic } from '../parameters/index.js';
import { beginning, RatioSteering } from './ratio-steering.js';

/** Options of {@link steerUpdateRatio}: the ratio to hold, and how far the rate may go for it. */
export interface SteerUpdateRatioOptions {
  /** The median update ratio to begin with. Default: 2e-2. */
  readonly target?: number;
  /** The least learning rate. Default: 1e-6. */
  readonly min?: number;
  /** The greatest learning rate. Default: 1. */
  readonly max?: number;
  /** How far it may raise the rate that was set: so many times. Default: 1000. */
  readonly mostRaise?: number;
  /** Updates between one correction and the next. Default: 5. */
  readonly every?: number;
  /** How much of the distance to the target a correction makes up for, on the logarithm, 0…1. Default: 0.5. */
  readonly damping?: number;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

/**
 * Find the learning rate by the median update ratio, and keep it from running away: the layers' updates divided by their
 * weights' norms (biases begin at zero and count with their layer), the median of them, and of the steps since the last
 * correction.
 *
 * The first update is made at a thousandth of the rate and measured, where the run's events are merged in: so a first rate
 * that is far too high is never used. Then the run is in its opening. A ratio below the target raises the rate, while
 * the loss falls or the weights have hardly moved. The opening ends when the target is met, when the weights have moved by
 * as much as their norm, or with the first third of a run whose length is known, if they have moved at all by then. From
 * then on the rate is lowered, where the ratio is above the target and the loss does not fall, or where it is far above;
 * and raised, to twice what the opening ended with at most, only while the loss still falls by a fifth within twenty updates.
 * Gradients that shrink as a run converges raise nothing. Where the layers stand still, it puts the rate back to what was
 * set, says so in a `control` event, and asks for nothing more.
 *
 * It works on top of a schedule: it asks for a factor, not for a rate; where a schedule lowers the rate below its highest
 * so far, the target falls too, in the opening in proportion and then with the square root: a rate that will decay may be
 * higher than one that stays. So there any fall of the loss may raise the rate, to what was set or twice what was found.
 * While the rate still rises, as in a warm-up, it waits. `min`, `max` and `mostRaise` bound the rate that results.
 *
 * The rule of thumb that healthy updates are near 1e-3 of the weights (DL4J's guide to its training interface; Karpathy's
 * notes) is of the middle of a run. The best rates of docs/control.md's seven problems begin at 1e-2 to 1e-1, hence the
 * default. For fine-tuning 1e-3 or less is the safer target.
 *
 * What other controls do to the rate counts as a schedule, since theirs is one (`reduceOnPlateau`, `warmRestart`); the cut
 * of a `rollback` does not, where the run's events are merged in.
 *
 * @throws TypeError for numbers that are not positive, a damping outside of 0…1, a `min` above `max`, a `mostRaise` below 1.
 *
 * @example
 * ```ts
 * import { merge } from 'rxjs';
 * import { observe, parameterUpdates, steerUpdateRatio } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const updates$ = run.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
 * run.steer(merge(updates$, run.events$).pipe(steerUpdateRatio()));
 * ```
 */
export function steerUpdateRatio<S extends Statistic>(
  options: SteerUpdateRatioOptions = {},
): OperatorFunction<ParameterUpdates<S | 'updateNorm' | 'weightNorm'> | TrainingEvent, ControlRequest> {
  checkOptions('steerUpdateRatio', options, {
    target: true,
    min: true,
    max: true,
    mostRaise: true,
    every: true,
    damping: true,
    memory: true,
  });
  const { target = 2e-2, min = 1e-6, max = 1, mostRaise = 1000, every = 5, damping = 0.5, memory } = options;
  checkPositive('target', target);
  checkPositive('min', min);
  checkPositive('max', max);
  checkThat('mostRaise', mostRaise >= 1, 'a number of at least 1', mostRaise);
  checkPositiveInteger('every', every);
  if (min > max) throw new TypeError(`min: expected at most max, ${max}; got ${min}`);
  checkShare('damping', damping);
  const settings = { target, min, max, mostRaise, every, damping };
  return perSubscription(() => {
    const steering = new RatioSteering(remembered(memory, 'steerUpdateRatio', beginning()), settings);
    return mergeMap((record) => steering.take(record));
  });
}
