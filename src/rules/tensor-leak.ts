import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkPositiveInteger,
  shortNumber,
  type TrainingEvent,
  withoutName,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';
import { meanOf } from './window.js';
import { takeCount, type WindowedGrowth, windowedGrowth } from './windowed-growth.js';

/** Options of {@link tensorLeak}. `steps` is its patience. */
export interface TensorLeakOptions extends Omit<RuleOptions, 'patience'> {
  /** After how many windows in a row that each held more tensors than the one before. Default: 10. */
  readonly steps?: number;
}

/** Steps a window. A loop that leaks once an epoch shows it in the windows that are at least as long as its epoch. */
const LENGTHS = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

/**
 * TensorFlow.js holds ever more tensors: some are never disposed, and memory will run out.
 *
 * It compares the least that was held in windows of 1, 8, 16, … 4096 steps, so that what is held for a while and freed
 * does not hide a leak, nor is taken for one: ten windows in a row must each hold more than the one before, without
 * slowing down, and for longer than any growth before that was freed again. So a tensor a step is told after ten steps, one
 * an epoch of 100 steps after ten windows of 128, whether or not the loop frees others between them. It is over when ten
 * windows in a row hold no more, or what had grown has been freed.
 *
 * It reads `numTensors` of `step-end` events, which `instrument()` counts; it judges nothing where that is missing. No
 * peer has it: garbage collection spares other frameworks this. A buffer that fills up at a steady pace looks the same
 * until it is full.
 *
 * @throws TypeError when `steps` is not a positive integer.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { tensorLeak } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(tf.train.sgd(0.1)); // it counts the tensors of TensorFlow.js
 * training.report(training.events$.pipe(tensorLeak()));
 * ```
 */
export function tensorLeak(given: TensorLeakOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const { steps = 10, ...options } = checkOptions('tensorLeak', given, {
    steps: true,
    ...withoutName(RULE_OPTIONS, 'patience'),
  });
  checkPositiveInteger('steps', steps);
  interface State {
    readonly windows: readonly WindowedGrowth[];
    /** The longest growth that was freed again, in steps. */
    longestFreed: number;
  }
  return createRule<TrainingEvent, State>(
    {
      name: 'tensor-leak',
      severity: 'warning',
      recovery: 1,
      start: () => ({ windows: LENGTHS.map(windowedGrowth), longestFreed: 0 }),
      judge(event, state) {
        if (event.type !== 'step-end' || event.numTensors === undefined) return undefined;
        for (const window of state.windows) {
          const freed = takeCount(window, event.numTensors, event.step, {
            rises: steps,
            longerThan: state.longestFreed,
          });
          state.longestFreed = Math.max(state.longestFreed, freed);
        }
        const leak = state.windows.find(({ leaking }) => leaking);
        if (!leak) return [];
        const { last, length, latest, since } = leak;
        const perStep = meanOf(latest) / length;
        return [
          {
            value: perStep,
            threshold: 0,
            since,
            what: `${last} tensors are held${length > 1 ? ` at the least in ${length} steps` : ''}, ${shortNumber(perStep)} more after each step`,
            cause: 'tensor-leak',
            confidence: 'certain',
            advice:
              'Wrap what each step computes in tf.tidy(), and dispose() what it, a callback or a new data set keeps: a loss, predictions, batches.',
          },
        ];
      },
    },
    options,
  );
}
