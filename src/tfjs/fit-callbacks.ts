import { CustomCallback, type Logs } from '@tensorflow/tfjs-layers';
import { checkFunction, checkOptions, type Evaluation, evaluationOf, type Metrics } from '../events/index.js';
import type { EventBus, TrainingSpan } from '../run/index.js';
import { nextTurn } from './next-turn.js';

/** As `fit` takes it: how often the callback lets the thread go. */
export type YieldEvery = 'auto' | 'batch' | 'epoch' | 'never' | number;

/**
 * Callbacks for `model.fit`, alone or beside those of TensorFlow.js, in any order. A loop by hand may call them too; what
 * they tell is told when they return.
 */
export interface FitCallbacks extends CustomCallback {
  /** Says that the training begins. */
  onTrainBegin(logs?: Logs): Promise<void>;
  /** Says that an epoch begins; `epoch` counts from 0. */
  onEpochBegin(epoch: number, logs?: Logs): Promise<void>;
  /** Says that a step begins, from where on it is timed. */
  onBatchBegin(batch: number, logs?: Logs): Promise<void>;
  /** The batch is over; its metrics are logged, where `batchMetrics` asks for them. */
  onBatchEnd(batch: number, logs?: Logs): Promise<void>;
  /** The epoch is over: logs what `logs` has of it, and tells what is in there of validation, with what `evaluate` finds. */
  onEpochEnd(epoch: number, logs?: Logs): Promise<void>;
  /** Says that the training has ended, and how. */
  onTrainEnd(logs?: Logs): Promise<void>;
}

/** Options of `training.callbacks()`: what to tell besides what `fit` logs. */
export interface FitCallbacksOptions {
  /**
   * What else to find out at the end of each epoch, counted from 0: metrics, and which classes were taken for which. It
   * goes with what `fit` found in its validation data; `fit` waits for it. What it throws is one `sink-error`.
   */
  readonly evaluate?: (epoch: number) => Metrics | Evaluation | Promise<Metrics | Evaluation>;
  /** Tell of the model's metrics after each batch too: a `log` a batch, for which they are read. Default: false. */
  readonly batchMetrics?: boolean;
}

/** The loop that callbacks tell of. */
export interface FitLoop {
  readonly bus: EventBus;
  readonly span: TrainingSpan;
  readonly wasStopped: () => boolean;
  readonly fail: (name: string, cause: unknown) => void;
}

const ours = new WeakMap<object, (yieldEvery: YieldEvery) => FitCallbacks>();

/**
 * Callbacks that tell of epochs, logs and evaluations. They are an instance of what TensorFlow.js makes of plain ones, with
 * methods of its own: `fit` takes a list as it is if its first element is such an instance, and else wraps each.
 *
 * @throws TypeError for an option that is wrong.
 */
export function fitCallbacks(
  loop: FitLoop,
  options: FitCallbacksOptions = {},
  yieldEvery: YieldEvery = 'auto',
): FitCallbacks {
  const { evaluate, batchMetrics = false } = checkOptions('callbacks', options, { evaluate: true, batchMetrics: true });
  if (evaluate) checkFunction('evaluate', evaluate, 'function epoch → metrics');
  const { bus, span } = loop;
  const tellEvaluation = (validation: Metrics, { metrics, confusion }: Evaluation = {}) => {
    const all = { ...validation, ...metrics };
    if (Object.keys(all).length === 0 && !confusion) return;
    bus.publish({ type: 'evaluate', metrics: all, ...(confusion && { confusion }) });
  };
  const tellEpochEnd = (epoch: number, logs: Logs = {}) => {
    span.endEpoch(epoch);
    const metrics = logs as Metrics;
    bus.publish({ type: 'log', metrics });
    const validation = Object.fromEntries(Object.entries(metrics).filter(([name]) => name.startsWith('val_')));
    if (!evaluate) return tellEvaluation(validation);
    return evaluated(evaluate, epoch, loop).then((found) => tellEvaluation(validation, found));
  };
  const tellBatchEnd = (_batch: number, { batch: _, size: _size, loss: _loss, ...metrics }: Logs = {}) => {
    if (Object.keys(metrics).length > 0) bus.publish({ type: 'log', metrics: metrics as Metrics });
  };
  const callback = new CustomCallback(
    { onEpochEnd: tellEpochEnd, ...(batchMetrics && { onBatchEnd: tellBatchEnd }), nextFrameFunc: nextTurn },
    yieldEvery,
  );
  const base = {
    onEpochBegin: callback.onEpochBegin.bind(callback),
    onBatchEnd: callback.onBatchEnd.bind(callback),
    onEpochEnd: callback.onEpochEnd.bind(callback),
  };
  const methods: Pick<FitCallbacks, (typeof METHODS)[number]> = {
    async onTrainBegin() {
      span.begin();
    },
    async onEpochBegin(epoch, logs) {
      span.beginEpoch(epoch);
      await base.onEpochBegin(epoch, logs);
    },
    async onBatchBegin(_batch, logs = {}) {
      // The very object: `fit` fills in the size only after it has said that the batch begins.
      span.beginBatch(logs as { readonly size?: number });
    },
    async onBatchEnd(batch, logs) {
      span.endBatch();
      await base.onBatchEnd(batch, logs);
    },
    async onEpochEnd(epoch, logs = {}) {
      if (Object.values(logs).every((value) => typeof value === 'number')) {
        await tellEpochEnd(epoch, logs);
        if (yieldEvery === 'epoch') await nextTurn();
      } else await base.onEpochEnd(epoch, logs);
    },
    async onTrainEnd() {
      span.end(loop.wasStopped() ? 'model.stopTraining was set' : undefined);
    },
  };
  const made = Object.assign(callback, methods) as FitCallbacks;
  ours.set(made, (every) => fitCallbacks(loop, options, every));
  return made;
}

/** What somebody finds of an epoch; nothing where that fails. */
async function evaluated(
  evaluate: NonNullable<FitCallbacksOptions['evaluate']>,
  epoch: number,
  { fail }: FitLoop,
): Promise<Evaluation> {
  try {
    return evaluationOf(await evaluate(epoch));
  } catch (cause) {
    fail('evaluate', cause);
    return {};
  }
}

const METHODS = ['onTrainBegin', 'onEpochBegin', 'onBatchBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'] as const;

/** What of the arguments of `fit` and `fitDataset` is about callbacks. */
interface CallbackArguments {
  readonly callbacks?: unknown;
  readonly yieldEvery?: YieldEvery;
}

/**
 * The arguments of a `fit` as TensorFlow.js can take them. It takes a list with one of ours first as it is, and plain ones
 * in it would fail; and it does not tell those that it takes how often to let the thread go. Without ours they are as
 * they were.
 */
export function withOurs<A extends CallbackArguments>(args: A): A {
  const { callbacks, yieldEvery } = args;
  const list: unknown[] = Array.isArray(callbacks) ? callbacks : [callbacks];
  if (!list.some(isOurs)) return args;
  const taken = list.map((each) => {
    if (isOurs(each)) return yieldEvery === undefined ? each : ours.get(each)!(yieldEvery);
    return isPlain(each) ? new CustomCallback(each, yieldEvery) : each;
  });
  return { ...args, callbacks: taken };
}

function isOurs(value: unknown): value is object {
  return typeof value === 'object' && value !== null && ours.has(value);
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !('setParams' in value);
}
