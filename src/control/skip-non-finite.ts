import { mergeMap, type OperatorFunction } from 'rxjs';
import type { ControlRequest, PreOptimizerStepEvent, TrainingEvent } from '../events/index.js';

/**
 * Ask the loop to skip an update whose gradients hold a NaN or an infinity, so that one bad batch does not cost the run.
 *
 * It measures the norm of every gradient before the update; where gradient norms are measured anyway, that costs one
 * pass over the gradients more. On a GPU (WebGL, WebGPU) the update has to wait for the answer, so that each step costs
 * one small read which stalls the device. A recorded run has no gradients and asks for nothing.
 *
 * @example
 * ```ts
 * import { skipNonFinite } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.steer(training.events$.pipe(skipNonFinite()));
 * ```
 */
export function skipNonFinite(): OperatorFunction<TrainingEvent, ControlRequest> {
  return mergeMap((event): ControlRequest[] => {
    if (event.type !== 'pre-optimizer-step') return [];
    const parameter = firstNonFinite(event);
    if (parameter === undefined) return [];
    return [
      {
        command: { kind: 'skip-step' },
        source: 'skipNonFinite',
        message: `the gradient of ${parameter} holds a NaN or an infinity in step ${event.step + 1}`,
        parameter,
      },
    ];
  });
}

function firstNonFinite({ parameters }: PreOptimizerStepEvent): string | undefined {
  const live: PreOptimizerStepEvent['parameters'] | undefined = parameters;
  if (!live) return undefined;
  const now = live.snapshot();
  try {
    const found = live.compare(now, { statistics: ['gradientNorm'], atOnce: true });
    // Whoever answers late cannot be waited for: the update would have been made.
    if (found instanceof Promise) {
      found.catch(() => {});
      throw new Error(
        'skipNonFinite: expected gradients that can be measured before the update, got numbers that come later',
      );
    }
    return live.names[found.columns.gradientNorm.findIndex((norm) => !Number.isFinite(norm))];
  } finally {
    now.dispose();
  }
}
