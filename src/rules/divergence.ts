import { shortNumber } from '../events/index.js';
import type { RuleFinding } from './create-rule.js';
import { hasRisen, type LossCourse, lossCourse, takeLoss } from './loss-course.js';

/** What tells a run that has diverged from one that a single value has ruined. Plain data. */
export interface Divergence {
  readonly course: LossCourse;
  /** The last finite loss. */
  last?: number;
  /** The norm of all gradients of the first update, where it is known and finite. */
  gradient?: number;
}

/** The first loss of a network whose inputs and targets are scaled, and the norm of its first gradient, are far below this. */
const GREAT = 1000;

export function divergence(): Divergence {
  return { course: lossCourse() };
}

export function takeStep(state: Divergence, loss: number, gradient?: number): void {
  takeLoss(state.course, loss);
  if (Number.isFinite(loss)) state.last = loss;
  if (gradient !== undefined) state.gradient ??= gradient;
}

/** Why values have become NaN or infinite, and what to try. */
export function whyOf({ course, last, gradient = 0 }: Divergence): Pick<RuleFinding, 'cause' | 'otherwise' | 'advice'> {
  if (last !== undefined && hasRisen(course, last)) return divergedWhy(course, gradient);
  return {
    cause: 'non-finite',
    otherwise: ['bad-batch', 'rate-too-high'],
    advice:
      "Go back to the last checkpoint; look at this step's batch for a NaN, and in the loss for a logarithm, a root or a division of zero.",
  };
}

/** Why a run diverges, by how it began; the norm of its first gradient is 0 where that is not known. */
export function divergedWhy(
  { first: [loss = 0] }: LossCourse,
  gradient: number,
): Pick<RuleFinding, 'cause' | 'otherwise' | 'advice'> {
  if (loss > GREAT || gradient > GREAT) {
    const what = loss > GREAT ? `loss was ${shortNumber(loss)}` : `gradient had a norm of ${shortNumber(gradient)}`;
    return {
      cause: 'unscaled-inputs',
      otherwise: ['rate-too-high', 'poor-initialization'],
      advice: `The first ${what}: scale inputs and targets to a mean of 0 and a deviation of 1; else lower the learning rate.`,
    };
  }
  return {
    cause: 'rate-too-high',
    otherwise: ['bad-batch'],
    advice: 'Lower the learning rate tenfold and begin anew; then warm it up, or clip the gradients.',
  };
}
