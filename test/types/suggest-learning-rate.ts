/** What the types of a range test must accept, and must refuse. Nothing here runs: `tsc` is the test. */
import type * as tf from '@tensorflow/tfjs';
import { learningRatePicture } from 'trainscope/node';
import { type LearningRateSuggestion, type ModelBatch, suggestLearningRate } from 'trainscope/tfjs';

declare const model: tf.LayersModel;
declare const optimizer: tf.Optimizer;
declare const batch: ModelBatch;
declare const dataset: tf.data.Dataset<tf.TensorContainer>;
declare const loss: (step: number) => tf.Scalar;
declare const suggestion: LearningRateSuggestion;

suggestLearningRate(model, batch, { batchSize: 16, steps: 50 });
suggestLearningRate(model, dataset);
suggestLearningRate(model, [batch]);
suggestLearningRate(optimizer, loss, { min: 1e-6, max: 1 });
learningRatePicture(await suggestLearningRate(model, batch), { width: 800 });

// @ts-expect-error: an optimizer has no data of its own
suggestLearningRate(optimizer, batch);
// @ts-expect-error: nor does a loss have batches to be cut
suggestLearningRate(optimizer, loss, { batchSize: 16 });
// @ts-expect-error: a model gives its loss itself
suggestLearningRate(model, loss);
// @ts-expect-error: there may be none
suggestion.learningRate.toFixed();

if (suggestion.found) {
  suggestion.learningRate.toFixed();
  suggestion.rates.lowest.toFixed();
} else {
  suggestion.message.trim();
  // @ts-expect-error: of none
  suggestion.learningRate.toFixed();
}
