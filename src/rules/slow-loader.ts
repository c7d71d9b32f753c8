import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkPositive,
  checkShare,
  shortNumber,
  type TrainingEvent,
  type TrainingEventType,
} from '../events/index.js';
import { medianOf } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { pushBounded } from './window.js';

export interface SlowLoaderOptions extends RuleOptions {
  /** The largest share of the time that may go by between steps. Default: 0.5. */
  readonly share?: number;
  /** What is waited for a step, at least: less is not worth a word. Default: 20 ms. */
  readonly leastMs?: number;
}

const WINDOW = 20;

/** After these the loop does something else than fetch its next batch. */
const PAUSES: ReadonlySet<TrainingEventType> = new Set([
  'train-begin',
  'epoch-begin',
  'epoch-end',
  'evaluate',
  'predict',
  'save',
  'log',
]);

interface State {
  /** When the step before ended; null after a pause. */
  last: number | null;
  readonly waits: number[];
  readonly steps: number[];
}

/**
 * The loop waits for its data longer than it trains: between one step and the next goes by more than half of the time, and
 * more than 20 ms (the medians of twenty steps). Evaluations, checkpoints and the ends of epochs are left out, and so are
 * steps of which the source sees the update alone (`whole` of `step-end` says which it sees whole).
 *
 * Peers: the profiler rules of SageMaker Debugger tell of a CPU bottleneck and of I/O above half of the time.
 *
 * @throws TypeError for a share that is none, milliseconds that are not positive.
 *
 * @example
 * ```ts
 * import { observe, slowLoader } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * run.report(run.events$.pipe(slowLoader()));
 * ```
 */
export function slowLoader(given: SlowLoaderOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const {
    share = 0.5,
    leastMs = 20,
    ...options
  } = checkOptions('slowLoader', given, { share: true, leastMs: true, ...RULE_OPTIONS });
  checkShare('share', share);
  checkPositive('leastMs', leastMs);
  return createRule<TrainingEvent, State>(
    {
      name: 'slow-loader',
      severity: 'info',
      patience: 3,
      start: () => ({ last: null, waits: [], steps: [] }),
      judge(event, state) {
        if (PAUSES.has(event.type)) state.last = null;
        if (event.type !== 'step-end') return undefined;
        const { last } = state;
        state.last = event.time;
        if (last === null || !event.whole) return undefined;
        pushBounded(state.waits, Math.max(0, event.time - last - event.durationMs), WINDOW);
        pushBounded(state.steps, event.durationMs, WINDOW);
        if (state.waits.length < WINDOW) return undefined;
        const [wait, step] = [medianOf(state.waits), medianOf(state.steps)];
        const value = wait / (wait + step);
        if (!(wait > leastMs && value > share)) return [];
        return [
          {
            value,
            threshold: share,
            what: `${shortNumber(100 * value)} % of the time goes by between steps, ${shortNumber(wait)} ms a step`,
            cause: 'slow-loader',
            advice: 'Make the batches ahead of time: prefetch, cache what is decoded, or load in a worker.',
          },
        ];
      },
    },
    options,
  );
}
