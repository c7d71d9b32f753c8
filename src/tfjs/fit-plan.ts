import type { LayersModel, ModelFitArgs } from '@tensorflow/tfjs-layers';
import type { FitPlan } from './fit-callbacks.js';
import { hookMethod } from './hook-method.js';

/** Learn from the arguments of `fit` and `fitDataset` how long they will go on. Returns what restores the model. */
export function watchFitPlan(model: LayersModel, onPlan: (plan: FitPlan) => void): () => void {
  const restoreFit = hookMethod(model, 'fit', (original) => (x, y, args = {}) => {
    onPlan(planOfFit(x, args));
    return original(x, y, args);
  });
  const restoreFitDataset = hookMethod(model, 'fitDataset', (fitDataset) => (dataset, args) => {
    onPlan({
      ...(args.epochs !== undefined && { numEpochs: args.epochs }),
      ...(args.batchesPerEpoch && { stepsPerEpoch: args.batchesPerEpoch }),
      ...(args.initialEpoch && { initialEpoch: args.initialEpoch }),
    });
    return fitDataset(dataset, args);
  });
  return () => {
    restoreFitDataset();
    restoreFit();
  };
}

function planOfFit(x: unknown, args: ModelFitArgs): FitPlan {
  const examples = countExamples(x);
  const epochs = { numEpochs: args.epochs ?? 1, ...(args.initialEpoch && { initialEpoch: args.initialEpoch }) };
  if (examples === undefined) return epochs;
  const trained = Math.floor(examples * (1 - (args.validationSplit ?? 0)));
  return { ...epochs, stepsPerEpoch: Math.ceil(trained / (args.batchSize ?? 32)) };
}

function countExamples(x: unknown): number | undefined {
  const first = Array.isArray(x) ? x[0] : isTensorLike(x) ? x : Object.values(x ?? {})[0];
  return isTensorLike(first) ? first.shape[0] : undefined;
}

function isTensorLike(value: unknown): value is { shape: number[] } {
  return typeof value === 'object' && value !== null && 'shape' in value;
}
