import { from, mergeMap, type Observable, type OperatorFunction } from 'rxjs';
import type { ControlRequest, PreOptimizerStepEvent, TrainingEvent } from '../events/index.js';
import type { Comparison, MaybePromise } from '../parameters/index.js';

/**
 * Ask the loop to skip an update whose gradients hold a NaN or an infinity, so that one bad batch does not cost the run.
 *
 * It measures the norm of every gradient before the update; where gradient norms are measured anyway, that costs one
 * pass over the gradients more. On WebGL the update waits for the answer: each step costs one small read, which stalls
 * the GPU. WebGPU cannot be waited for: what is asked there comes too late, and is refused by a `control` event that says
 * so, for each such step. A recorded run has no gradients and asks for nothing.
 *
 * @example
 * ```ts
 * import { observe, skipNonFinite } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.steer(run.events$.pipe(skipNonFinite()));
 * ```
 */
export function skipNonFinite(): OperatorFunction<TrainingEvent, ControlRequest> {
  return mergeMap((event): Observable<ControlRequest> | readonly ControlRequest[] => {
    if (event.type !== 'pre-optimizer-step') return NONE;
    const found = firstNonFinite(event);
    if (!(found instanceof Promise)) return requests(found, event);
    return from(found).pipe(mergeMap((parameter) => requests(parameter, event)));
  });
}

const NONE: readonly ControlRequest[] = [];

function requests(parameter: string | undefined, event: PreOptimizerStepEvent): readonly ControlRequest[] {
  if (parameter === undefined) return NONE;
  const step = event.step + 1;
  return [
    {
      command: { kind: 'skip-step', step },
      source: 'skipNonFinite',
      message: `the gradient of ${parameter} holds a NaN or an infinity in step ${step}`,
      parameter,
    },
  ];
}

function firstNonFinite({ parameters }: PreOptimizerStepEvent): MaybePromise<string | undefined> {
  const live: PreOptimizerStepEvent['parameters'] | undefined = parameters;
  if (!live) return undefined;
  const { names } = live;
  const now = live.snapshot();
  try {
    const found = live.compare(now, { statistics: ['gradientNorm'], atOnce: true });
    const first = ({ columns }: Comparison<'gradientNorm'>) =>
      names[columns.gradientNorm.findIndex((norm) => !Number.isFinite(norm))];
    return found instanceof Promise ? found.then(first) : first(found);
  } finally {
    now.dispose();
  }
}
