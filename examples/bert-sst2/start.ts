// The main job: a small BERT learns to tell good reviews from bad ones, and every parameter of it is watched.
import * as tf from '@tensorflow/tfjs';
import { merge, share } from 'rxjs';
import { consoleSink, defaultRules, ofType, parameterUpdates } from 'trainscope';
import { csvSink, liveSink, reportSink } from 'trainscope/node';
import { instrument, selectBackend } from 'trainscope/tfjs';
import { AdamW, createScheduler } from 'trainscope/trainer';
import { batches, type TextBatch, type TextExample } from '../text/batches.js';
import { type LabelledSentence, loadSentences, splitSentences } from '../text/sentences.js';
import { BertForSequenceClassification } from './bert.js';
import { bertConfig } from './bert-config.js';
import { BertTokenizer } from './tokenizer.js';

const EPOCHS = 5;
const BATCH_SIZE = 16;
const LEARNING_RATE = 5e-4;
const MAX_LENGTH = 64;
const CSV = 'results/parameter_updates.csv';
const REPORT = 'results/report.html';

const started = performance.now();
const backend = await selectBackend(undefined, { say: console.log });

const tokenizer = await BertTokenizer.uncased();
const { train, heldOut } = splitSentences(await loadSentences());
const encode = ({ sentence, label }: LabelledSentence): TextExample => ({
  ...tokenizer.encode(sentence, { maxLength: MAX_LENGTH }),
  label,
});
const trainExamples = train.map(encode);
const heldOutExamples = heldOut.map(encode);

const model = new BertForSequenceClassification(
  bertConfig({
    hidden_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 512,
    // From scratch on few sentences: more than BERT's own 0.1.
    hidden_dropout_prob: 0.2,
  }),
);
const parameters = model.parameters();
const elements = parameters.reduce((sum, { variable }) => sum + variable.size, 0);
console.log(`model: BERT, 2 layers × 128, ${(elements / 1e6).toFixed(1)}M weights in ${parameters.length} parameters`);
console.log(`data: ${train.length} review sentences to learn from, ${heldOut.length} held out`);

const stepsPerEpoch = Math.ceil(trainExamples.length / BATCH_SIZE);
const trainingSteps = EPOCHS * stepsPerEpoch;
const optimizer = new AdamW({ learningRate: LEARNING_RATE, weightDecay: 0.01 });
const schedule = createScheduler('linear', {
  learningRate: LEARNING_RATE,
  warmupSteps: Math.round(trainingSteps / 10),
  trainingSteps,
});
const training = instrument(optimizer, { run: 'bert', parameters, plan: { numEpochs: EPOCHS, stepsPerEpoch } });

// Measured once, for all who follow.
const updates$ = training.events$.pipe(parameterUpdates(), share());
const run$ = merge(training.events$, updates$);
training.attach(merge(updates$, training.events$.pipe(ofType('evaluate', 'alert'))), consoleSink({ style: 'table' }));
training.attach(updates$, csvSink(CSV));
training.attach(run$, reportSink(REPORT));
training.report(training.events$.pipe(defaultRules()));

const live = liveSink();
training.attach(run$, live);
console.log(`live: ${live.url} in a browser, while it runs\n`);

const fit = training.callbacks();
fit.onTrainBegin();
for (let epoch = 0; epoch < EPOCHS; epoch++) {
  fit.onEpochBegin(epoch);
  let batch = 0;
  for (const examples of batches(trainExamples, { batchSize: BATCH_SIZE, shuffle: [42, epoch], groupByLength: true })) {
    fit.onBatchBegin(batch, { size: examples.size });
    optimizer.learningRate = schedule.learningRate;
    optimizer.minimize(() => model.loss(examples, { training: true }));
    schedule.advance();
    fit.onBatchEnd(batch++);
  }
  fit.onEpochEnd(epoch, { val_accuracy: accuracy(heldOutExamples) });
}
fit.onTrainEnd();
await training.close();
optimizer.dispose();
model.dispose();

console.log(`
Trained on ${backend} in ${((performance.now() - started) / 1000).toFixed(0)} s. Every parameter's update norm at every step is in ${CSV}.

What to look at next
  - The ratio column: near 1e-3 a parameter learns, above 1e-2 it jumps about, below 1e-4 it hardly moves, as at
    the end above, where the learning rate has come down to zero.
  - ${REPORT} in a browser: the whole run as one page that opens offline.
  - ${CSV} in a spreadsheet or pandas: one column a parameter, one row a step.
  - examples/fit.ts: the same with one line around your own model.fit.
  - docs/operators.md: layers instead of parameters, the fastest movers, drift, your own operators.`);

function accuracy(examples: readonly TextExample[]): number {
  let right = 0;
  for (const batch of batches(examples, { batchSize: 100 })) right += countRight(batch);
  return right / examples.length;
}

function countRight(batch: TextBatch): number {
  const predicted = tf.tidy(() => model.forward(batch).argMax(-1).dataSync());
  return [...predicted].filter((label, i) => label === batch.labels?.[i]).length;
}
