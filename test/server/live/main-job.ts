// The main job under the live page: `tsx test/server/live/main-job.ts <steps> <learning rate> <run> [recorded.jsonl]`.
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { defaultRules, everySteps, parameterUpdates, steerUpdateRatio, updateRatioBand } from 'trainscope';
import { jsonlSink, liveSink } from 'trainscope/node';
import { instrument, selectBackend } from 'trainscope/tfjs';
import { BertForSequenceClassification } from '../../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../../examples/bert-sst2/bert-config.js';
import { BertTokenizer } from '../../../examples/bert-sst2/tokenizer.js';
import { batches, type TextExample } from '../../../examples/text/batches.js';
import { loadSentences, splitSentences } from '../../../examples/text/sentences.js';

const [steps = '20', learningRate = '5e-4', run = 'bert', recorded] = process.argv.slice(2);
const EPOCHS = 4;
const BATCH_SIZE = 16;
const live = liveSink({ lingerMs: Infinity });
console.log(live.url);

await selectBackend();
const tokenizer = await BertTokenizer.uncased();
const { train, heldOut } = splitSentences(await loadSentences());
const encode = ({ sentence, label }: (typeof train)[number]): TextExample => ({
  ...tokenizer.encode(sentence, { maxLength: 64 }),
  label,
});
const stepsPerEpoch = Math.ceil(Number(steps) / EPOCHS);
const examples = train.slice(0, stepsPerEpoch * BATCH_SIZE).map(encode);
const held = heldOut.slice(0, Math.min(heldOut.length, Number(steps) * 2)).map(encode);
const model = new BertForSequenceClassification(
  bertConfig({ hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 512 }),
);
const optimizer = tf.train.adam(Number(learningRate), 0.9, 0.999, 1e-8);
const training = instrument(optimizer, {
  run,
  parameters: model.parameters(),
  plan: { numEpochs: EPOCHS, stepsPerEpoch },
});

const updates$ = training.events$.pipe(parameterUpdates());
const histograms$ = training.events$.pipe(
  parameterUpdates({ when: everySteps(10), histograms: ['weight', 'update', 'gradient'] }),
);
training.report(merge(training.events$.pipe(defaultRules()), updates$.pipe(updateRatioBand())));
training.steer(updates$.pipe(steerUpdateRatio({ target: 1e-3, min: 1e-5, max: 2e-3 })));
const records$ = merge(training.events$, updates$, histograms$);
training.attach(records$, live);
if (recorded) training.attach(records$, jsonlSink(recorded));

const fit = training.callbacks();
fit.onTrainBegin();
for (let epoch = 0; epoch < EPOCHS; epoch++) {
  fit.onEpochBegin(epoch);
  let batch = 0;
  for (const each of batches(examples, { batchSize: BATCH_SIZE, shuffle: [42, epoch] })) {
    fit.onBatchBegin(batch, { size: each.size });
    optimizer.minimize(() => model.loss(each, { training: true }));
    fit.onBatchEnd(batch++);
  }
  fit.onEpochEnd(epoch, { val_accuracy: accuracy(held) });
}
fit.onTrainEnd();
await training.close();
console.log('finished');

function accuracy(of: readonly TextExample[]): number {
  let right = 0;
  for (const batch of batches(of, { batchSize: 100 })) {
    const predicted = tf.tidy(() => model.forward(batch).argMax(-1).dataSync());
    right += [...predicted].filter((label, i) => label === batch.labels?.[i]).length;
  }
  return right / of.length;
}
