import { mergeMap, type OperatorFunction } from 'rxjs';
import {
  type ControlRequest,
  checkNotNegative,
  checkOneOf,
  checkOptions,
  checkPositiveInteger,
  checkWholeNumber,
  describeValue,
  type RunMemory,
  remembered,
  requiredMetric,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { perSubscription } from '../operators/index.js';
import { IMPROVEMENT_OPTIONS, type ImprovementOptions, improves, worst } from './improvement.js';

export interface ReduceOnPlateauOptions extends ImprovementOptions {
  /** The evaluation's metric to follow. Default: none, the mean training loss of every `steps` steps. */
  readonly metric?: string;
  /** Over how many steps the training loss is averaged. Default: 10. */
  readonly steps?: number;
  /** What the rate is multiplied with, between 0 and 1. Default: 0.1. */
  readonly factor?: number;
  /** Means, or evaluations, without improvement that are let pass. Default: 10. */
  readonly patience?: number;
  /** Means, or evaluations, after a reduction that do not count. Default: 0. */
  readonly cooldown?: number;
  /** The least product of all reductions. Default: 1e-4. */
  readonly minFactor?: number;
  /** Where it keeps what it remembers. Default: nowhere, it begins anew with each subscription. */
  readonly memory?: RunMemory;
}

/**
 * Lower the learning rate tenfold when the loss, or an evaluation's metric, has stopped improving.
 *
 * Semantics and defaults are those of torch's ReduceLROnPlateau (threshold 1e-4, relative), applied on top of whatever
 * sets the rate. A value that is not finite does not improve.
 *
 * Error of the stream: TypeError when an evaluation lacks the `metric`; it lists those that there are.
 *
 * @throws TypeError for a factor that is not between 0 and 1, counts that are no whole numbers, a negative threshold, a
 * mode that there is not.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { reduceOnPlateau } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const training = instrument(model);
 * training.steer(training.events$.pipe(reduceOnPlateau({ metric: 'val_loss', patience: 3 })));
 * await model.fit(x, y, { epochs: 50, validationSplit: 0.2, callbacks: training.callbacks() });
 * ```
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): OperatorFunction<TrainingEvent, ControlRequest> {
  checkOptions('reduceOnPlateau', options, {
    metric: true,
    steps: true,
    factor: true,
    patience: true,
    cooldown: true,
    minFactor: true,
    memory: true,
    ...IMPROVEMENT_OPTIONS,
  });
  const { metric, steps = 10, factor = 0.1, patience = 10, cooldown = 0, minFactor = 1e-4 } = options;
  const { mode = 'min', threshold = 1e-4, thresholdMode = 'rel' } = options;
  checkPositiveInteger('steps', steps);
  checkWholeNumber('patience', patience);
  checkWholeNumber('cooldown', cooldown);
  checkOneOf('mode', mode, ['min', 'max']);
  checkNotNegative('threshold', threshold);
  checkOneOf('thresholdMode', thresholdMode, ['rel', 'abs']);
  for (const [name, value] of Object.entries({ factor, minFactor })) {
    if (!(value > 0 && value < 1)) {
      throw new TypeError(`${name}: expected a number between 0 and 1, got ${describeValue(value)}`);
    }
  }
  const settings: Settings = { factor, patience, cooldown, minFactor, mode, threshold, thresholdMode };
  return perSubscription(() => {
    const state = remembered(options.memory, 'reduceOnPlateau', {
      best: null as number | null,
      bad: 0,
      cooling: 0,
      product: 1,
      /** Losses since the last mean: their sum, how many, and how many of them were not finite, which JSON lacks. */
      ...{ sum: 0, count: 0, nonFinite: 0 },
    });
    const observe = metric === undefined ? meanLosses(steps, state) : metricIn(metric);
    return mergeMap((event): ControlRequest[] => {
      const value = observe(event);
      if (value === undefined || !isPlateau(value, state, settings)) return [];
      reduce(state, settings);
      return [
        {
          command: { kind: 'scale-learning-rate', factor: state.product },
          source: 'reduceOnPlateau',
          message: `${metric ?? 'the loss'} has not been better than ${shortNumber(state.best ?? worst(mode))} for more than ${patience} ${metric ? 'evaluations' : `times ${steps} steps`}`,
        },
      ];
    });
  });
}

type Settings = Required<Omit<ReduceOnPlateauOptions, 'metric' | 'steps' | 'memory'>>;

interface Plateau {
  best: number | null;
  /** Values in a row without improvement. */
  bad: number;
  /** Values to come that do not count. */
  cooling: number;
  /** Of all reductions. */
  product: number;
}

/** Takes a value. Whether it was one too many without improvement, and there is something left to reduce. */
function isPlateau(value: number, state: Plateau, settings: Settings): boolean {
  const better = improves(value, state.best ?? worst(settings.mode), settings);
  if (better) state.best = value;
  state.bad = better || state.cooling > 0 ? 0 : state.bad + 1;
  if (state.cooling > 0) state.cooling--;
  return state.bad > settings.patience && state.product > settings.minFactor;
}

function reduce(state: Plateau, { factor, minFactor, cooldown }: Settings): void {
  state.product = Math.max(state.product * factor, minFactor);
  state.cooling = cooldown;
  state.bad = 0;
}

function metricIn(metric: string): (event: TrainingEvent) => number | undefined {
  return (event) => (event.type === 'evaluate' ? requiredMetric(event.metrics, metric) : undefined);
}

interface Losses {
  sum: number;
  count: number;
  nonFinite: number;
}

function meanLosses(steps: number, state: Losses): (event: TrainingEvent) => number | undefined {
  return (event) => {
    if (event.type !== 'step-end') return undefined;
    state.count++;
    if (Number.isFinite(event.loss)) state.sum += event.loss;
    else state.nonFinite++;
    if (state.count < steps) return undefined;
    const mean = state.nonFinite > 0 ? Number.NaN : state.sum / state.count;
    Object.assign(state, { sum: 0, count: 0, nonFinite: 0 });
    return mean;
  };
}
