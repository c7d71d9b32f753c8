import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkNotNegative,
  checkOneOf,
  checkOptions,
  checkPositiveInteger,
  evaluationLossOf,
  type RunMemory,
  remembered,
  requiredMetric,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription } from '../operators/index.js';
import { improves, worst } from './improvement.js';

/** Options of {@link earlyStopping}: which metric it follows, and when that has stopped to improve. */
export interface EarlyStoppingOptions {
  /** The evaluation's metric. Default: `val_loss` or `eval_loss`, whichever is there. */
  readonly metric?: string;
  /** Whether less is better or more. Default: `min`. */
  readonly mode?: 'min' | 'max';
  /** Evaluations in a row without improvement. Default: 3. */
  readonly patience?: number;
  /** The least improvement. Default: 0. */
  readonly minDelta?: number;
  /** Stop when the metric is NaN or infinite. Default: true. */
  readonly checkFinite?: boolean;
  /** Stop when the metric is better than this: it is good enough. */
  readonly stoppingThreshold?: number;
  /** Stop when the metric is worse than this: it has diverged. */
  readonly divergenceThreshold?: number;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

/**
 * Ask the loop to stop when an evaluation's metric no longer improves, is good enough, has diverged, or is not finite.
 *
 * Semantics and defaults are those of PyTorch Lightning's EarlyStopping.
 *
 * Error of the stream: TypeError when an evaluation lacks the `metric`; it lists those that there are.
 *
 * @throws TypeError for a patience that is not a positive integer, a mode that there is not, a negative `minDelta`.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { earlyStopping } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * training.steer(training.events$.pipe(earlyStopping({ patience: 5 })));
 * await model.fit(x, y, { epochs: 100, validationSplit: 0.2, callbacks: training.callbacks() });
 * ```
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): OperatorFunction<TrainingEvent, ControlRequest> {
  checkOptions('earlyStopping', options, {
    patience: true,
    metric: true,
    mode: true,
    minDelta: true,
    checkFinite: true,
    stoppingThreshold: true,
    divergenceThreshold: true,
    memory: true,
  });
  const { metric, mode = 'min', patience = 3, minDelta = 0, checkFinite = true } = options;
  checkOneOf('mode', mode, ['min', 'max']);
  checkPositiveInteger('patience', patience);
  checkNotNegative('minDelta', minDelta);
  const { stoppingThreshold, divergenceThreshold } = options;
  const limits: Limits = { mode, patience, minDelta, checkFinite, stoppingThreshold, divergenceThreshold };
  return perSubscription(() => {
    const state = remembered(options.memory, 'earlyStopping', { best: null as number | null, waited: 0 });
    return mergeMap((event): ControlRequest[] => {
      if (event.type !== 'evaluate') return [];
      const { metrics } = event;
      const value = metric === undefined ? evaluationLossOf(metrics) : requiredMetric(metrics, metric);
      if (value === undefined) return [];
      const reason = outOfLimits(value, limits) ?? notImproving(value, state, limits);
      if (!reason) return [];
      return [
        {
          command: { kind: 'stop' },
          source: 'earlyStopping',
          message: `${metric ?? 'the evaluation loss'} is ${shortNumber(value)}: ${reason}`,
        },
      ];
    });
  });
}

interface Limits extends Required<Pick<EarlyStoppingOptions, 'mode' | 'patience' | 'minDelta' | 'checkFinite'>> {
  readonly stoppingThreshold: number | undefined;
  readonly divergenceThreshold: number | undefined;
}

/** Why to stop at this value, whatever came before. */
function outOfLimits(value: number, limits: Limits): string | undefined {
  const { mode, checkFinite, stoppingThreshold: good, divergenceThreshold: bad } = limits;
  const isBetter = (one: number, other: number) => (mode === 'min' ? one < other : one > other);
  if (checkFinite && !Number.isFinite(value)) return `it is ${value}`;
  if (good !== undefined && isBetter(value, good)) return `it is better than the stopping threshold of ${good}`;
  if (bad !== undefined && isBetter(bad, value)) return `it is worse than the divergence threshold of ${bad}`;
  return undefined;
}

/** Takes a value, and says why to stop where it was one too many without improvement. */
function notImproving(
  value: number,
  state: { best: number | null; waited: number },
  { mode, patience, minDelta }: Limits,
): string | undefined {
  const best = state.best ?? worst(mode);
  if (improves(value, best, { mode, threshold: minDelta, thresholdMode: 'abs' })) {
    state.best = value;
    state.waited = 0;
    return undefined;
  }
  state.waited++;
  if (state.waited < patience) return undefined;
  return `it has not improved on ${shortNumber(best)} for ${state.waited} evaluations`;
}
