/** The front door of range-test/: what other rooms use of it. */
export type { RangeTest, RangeTestEnd, RangeTestPoint } from './points.js';
export { RangeTestRecorder, risingRates } from './recorder.js';
export {
  type LearningRateSuggestion,
  type NoLearningRate,
  type RangeTestRates,
  type SuggestedLearningRate,
  suggestionOf,
} from './suggestion.js';
