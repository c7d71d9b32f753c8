/**
 * What the types of the Trainer must accept, and must refuse. Nothing here runs: `tsc` is the test, and an
 * `@ts-expect-error` that is not needed fails it.
 */
import type * as tf from '@tensorflow/tfjs';
import {
  EarlyStopping,
  type ForwardModel,
  Trainer,
  type TrainerCallback,
  type TrainingArguments,
} from 'trainscope/trainer';
import type { BertForSequenceClassification } from '../../examples/bert-sst2/bert.js';

declare const bert: BertForSequenceClassification;
declare const layers: tf.LayersModel;
declare const words: readonly { readonly ids: readonly number[]; readonly label: number }[];

// Any model with named variables and a forward function is one, whatever it calls its batches.
export const forward: ForwardModel = bert;
export const trainers = [new Trainer({ model: bert }), new Trainer({ model: layers }), new Trainer({ model: forward })];

// @ts-expect-error: no forward function
export const noForward: ForwardModel = { parameters: () => [] };

// The collator takes the dataset's examples.
export const collated = new Trainer({
  model: bert,
  trainDataset: words,
  dataCollator: (examples) => ({ labels: examples.map(({ label }) => label) }),
});
export const miscollated = new Trainer({
  model: bert,
  trainDataset: words,
  // @ts-expect-error: examples have no such field
  dataCollator: (examples) => ({ labels: examples.map(({ sentence }) => sentence) }),
});

// @ts-expect-error: a strategy that there is not
export const strategy: TrainingArguments = { evalStrategy: 'best' };
// @ts-expect-error: an argument that there is not
export const misspelt: TrainingArguments = { learningrate: 1 };
// @ts-expect-error: Hugging Face's names are in camelCase here
export const snake: TrainingArguments = { learning_rate: 1 };

export const callback: TrainerCallback = {
  onEvaluate: ({ metrics, control }) => {
    control.shouldSave = metrics.eval_loss! < 0.1;
  },
  // @ts-expect-error: the state is the loop's to change
  onStepEnd: ({ state }) => void state.globalStep++,
  // @ts-expect-error: a step has no metrics
  onStepBegin: ({ metrics }) => metrics,
};
export const callbacks: readonly TrainerCallback[] = [new EarlyStopping(), callback, { onLog: async () => {} }];
