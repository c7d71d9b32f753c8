import type { Logs } from '@tensorflow/tfjs-layers';
import type { EventBus } from '../run/event-bus.js';

/** How long a loop is going to go on, as far as it is known. */
export interface FitPlan {
  /** The epoch that the loop ends with, counted from 1. */
  readonly numEpochs?: number;
  /** Updates in an epoch. */
  readonly stepsPerEpoch?: number;
  /** Epochs that are done already, as when a training goes on. Default: 0. */
  readonly initialEpoch?: number;
}

/** Callbacks for `model.fit`; a loop by hand may call them too. */
export interface FitCallbacks {
  onTrainBegin(): void;
  onEpochBegin(epoch: number): void;
  onBatchBegin(batch: number, logs?: Logs): void;
  onBatchEnd(batch: number, logs?: Logs): void;
  onEpochEnd(epoch: number, logs?: Logs): void;
  onTrainEnd(): void;
}

/** What the callbacks know that a hooked optimizer does not. */
export interface FitPosition {
  plan: FitPlan;
  /** What is known of the running batch. `fit` fills in its `size` only after it has said that the batch begins. */
  batch: Logs;
  begin(): void;
  end(): void;
}

/** Callbacks that publish epochs, logs and evaluations, and keep the publisher's fractional epoch. */
export function fitCallbacks(bus: EventBus, position: FitPosition): FitCallbacks {
  let epochBegun = 0;
  let batches = 0;
  let batchesPerEpoch: number | undefined;
  return {
    onTrainBegin() {
      batchesPerEpoch = undefined;
      position.begin();
    },
    onEpochBegin(epoch) {
      epochBegun = epoch;
      batches = 0;
      bus.epoch = epoch;
      bus.publish({ type: 'epoch-begin' });
    },
    onBatchBegin(_batch, logs) {
      position.batch = logs ?? {};
      const perEpoch = position.plan.stepsPerEpoch ?? batchesPerEpoch;
      if (perEpoch) bus.epoch = epochBegun + batches / perEpoch;
      batches++;
    },
    onBatchEnd() {
      position.batch = {};
    },
    onEpochEnd(epoch, logs = {}) {
      batchesPerEpoch = batches;
      bus.epoch = epoch + 1;
      bus.publish({ type: 'epoch-end' });
      bus.publish({ type: 'log', metrics: { ...logs } });
      const validation = Object.entries(logs).filter(([name]) => name.startsWith('val_'));
      if (validation.length > 0) bus.publish({ type: 'evaluate', metrics: Object.fromEntries(validation) });
    },
    onTrainEnd() {
      position.end();
    },
  };
}
