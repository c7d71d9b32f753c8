import type { LayersModel, ModelFitArgs } from '@tensorflow/tfjs-layers';
import type { LoopPlan } from '../run/index.js';
import { withOurs } from './fit-callbacks.js';
import { hookMethod } from './hook-method.js';

/** Told of what `fit` and `fitDataset` do. */
export interface FitWatcher {
  begin(plan: LoopPlan): void;
  /** It has ended, by this exception if there is one. */
  end(failure?: { readonly cause: unknown }): void;
}

/**
 * Learn from `fit` and `fitDataset` how long they will go on and how they end, and let our callbacks be beside any others.
 * Returns what restores the model.
 */
export function watchFit(model: LayersModel, watcher: FitWatcher): () => void {
  const follow = <T>(plan: LoopPlan, run: () => Promise<T>): Promise<T> => {
    watcher.begin(plan);
    const fitted = run();
    fitted.then(
      () => watcher.end(),
      (cause) => watcher.end({ cause }),
    );
    return fitted;
  };
  const restoreFit = hookMethod(
    model,
    'fit',
    (original) =>
      (x, y, args = {}) =>
        follow(planOfFit(x, args), () => original(x, y, withOurs(args))),
  );
  const restoreFitDataset = hookMethod(
    model,
    'fitDataset',
    (original) => (dataset, args) => follow(planOfFitDataset(args), () => original(dataset, args && withOurs(args))),
  );
  return () => {
    restoreFitDataset();
    restoreFit();
  };
}

function planOfFit(x: unknown, args: ModelFitArgs): LoopPlan {
  const examples = countExamples(x);
  const epochs = { numEpochs: args.epochs ?? 1, ...(args.initialEpoch && { initialEpoch: args.initialEpoch }) };
  if (examples === undefined) return epochs;
  const trained = Math.floor(examples * (1 - (args.validationSplit ?? 0)));
  return { ...epochs, stepsPerEpoch: Math.ceil(trained / (args.batchSize ?? 32)) };
}

function planOfFitDataset(args: Partial<Parameters<LayersModel['fitDataset']>[1]> = {}): LoopPlan {
  return {
    ...(args.epochs !== undefined && { numEpochs: args.epochs }),
    ...(args.batchesPerEpoch && { stepsPerEpoch: args.batchesPerEpoch }),
    ...(args.initialEpoch && { initialEpoch: args.initialEpoch }),
  };
}

function countExamples(x: unknown): number | undefined {
  const first = Array.isArray(x) ? x[0] : isTensorLike(x) ? x : Object.values(x ?? {})[0];
  return isTensorLike(first) ? first.shape[0] : undefined;
}

function isTensorLike(value: unknown): value is { shape: number[] } {
  return typeof value === 'object' && value !== null && 'shape' in value;
}
