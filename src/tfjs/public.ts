/** The names of `trainscope/tfjs` that are the same in Node and in a browser. */
export type {
  LearningRateSuggestion,
  NoLearningRate,
  RangeTest,
  RangeTestEnd,
  RangeTestPoint,
  RangeTestRates,
  SuggestedLearningRate,
} from '../range-test/index.js';
export { type ActivationsOptions, activations } from './activations.js';
export { patchBackend } from './backend/patch-backend.js';
export type { BackendName, SelectBackendOptions } from './backend/select-among.js';
export type { FitCallbacks, FitCallbacksOptions, YieldEvery } from './fit-callbacks.js';
export { instrument } from './instrument.js';
export type { NamedParameter } from './parameter-names.js';
export { type ParameterValuesOptions, parameterValues } from './parameter-values.js';
export type { BatchDataset, ModelBatch, ModelTensors, RangeTestData } from './range-test/batches.js';
export {
  type RangeTestOptions,
  type SuggestLearningRateOptions,
  suggestLearningRate,
} from './range-test/suggest-learning-rate.js';
export { readClasses } from './read-classes.js';
export { summarizeModel } from './summarize-model.js';
export type { InstrumentTarget } from './target.js';
export type { InstrumentOptions, Training } from './training.js';
