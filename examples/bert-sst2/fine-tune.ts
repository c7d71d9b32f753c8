// The tutorial's script in TypeScript: fine-tune BERT on SST-2, and see how far every parameter moves at every step.
//
//   npm run fine-tune                                                       offline: MiniLM on review sentences
//   npm run fine-tune -- --model bert-base-uncased --data nyu-mll/glue      the tutorial's own, from the hub
//   npm run fine-tune -- --help
import '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { consoleSink, ofType, parameterUpdates, steerUpdateRatio } from 'trainscope';
import { selectBackend } from 'trainscope/tfjs';
import { accuracy, Trainer } from 'trainscope/trainer';
import { collate, type TextExample } from '../text/batches.js';
import { type LabelledSentence, loadSentences, splitSentences } from '../text/sentences.js';
import { fineTuneOptions } from './fine-tune-options.js';
import { learningRateAdvice, RatioRecorder } from './learning-rate-advice.js';
import { loadModel } from './load-model.js';
import { minilmFolder } from './minilm.js';
import { loadSst2, type Sst2 } from './sst2.js';

const CSV = 'parameter_updates.csv';
const options = fineTuneOptions(process.argv.slice(2));
await selectBackend(undefined, { say: console.log });

const dataset = await loadDataset(options.data);
console.log(`data: ${dataset.train.length} sentences to learn from, ${dataset.validation.length} held out`);

const source = options.model === 'minilm' ? await minilmFolder() : options.model;
const { model, tokenizer, report } = await loadModel(source, { numLabels: 2 });
console.log(`model: ${options.model}; starts fresh: ${report.missing.join(', ') || 'nothing'}\n`);

const tokenize = ({ sentence, label }: LabelledSentence): TextExample => ({
  ...tokenizer.encode(sentence, { maxLength: model.config.max_position_embeddings }),
  label,
});

const trainer = new Trainer({
  model,
  args: {
    outputDir: './results',
    evalStrategy: 'epoch',
    learningRate: options.learningRate,
    perDeviceTrainBatchSize: 16,
    perDeviceEvalBatchSize: 16,
    numTrainEpochs: options.epochs,
    maxSteps: options.maxSteps,
    weightDecay: 0.01,
    // Texts of about one length into a batch, each padded to its longest: where the tutorial pads to 512 tokens.
    trainSamplingStrategy: 'group_by_length',
  },
  trainDataset: dataset.train.map(tokenize),
  evalDataset: dataset.validation.map(tokenize),
  processingClass: tokenizer,
  dataCollator: (examples) => collate(examples, { padTokenId: tokenizer.padTokenId }),
  computeMetrics: ({ predictions, labels }) => ({ accuracy: accuracy(predictions, labels) }),
});

const updates$ = trainer.events$.pipe(parameterUpdates());
const ratios = new RatioRecorder();
const news$ = trainer.events$.pipe(ofType('evaluate', 'control'));
trainer.attach(merge(updates$, news$), consoleSink({ style: options.style }));
trainer.attach(updates$, (updates) => ratios.add(updates));
if (options.steer) trainer.steer(merge(updates$, trainer.events$).pipe(steerUpdateRatio({ target: 1e-3, max: 1e-3 })));

const { globalStep, metrics } = await trainer.train();
await trainer.saveUpdateHistory(CSV);
await trainer.close();
model.dispose();

const seconds = Math.round(metrics.train_runtime ?? 0);
console.log(`
${globalStep} steps in ${seconds} s. Every parameter's update norm at every step is in ${CSV}:
read it with pandas, or plot it with the tutorial's lines (see examples/bert-sst2/README.md).
${learningRateAdvice(ratios.medianPerRate * options.learningRate, options.learningRate)}`);

/** GLUE's SST-2 from a folder or the hub; or the review sentences of the main job. */
async function loadDataset(data: string): Promise<Sst2> {
  if (data !== 'reviews') return loadSst2(data);
  const { train, heldOut } = splitSentences(await loadSentences());
  return { train, validation: heldOut };
}
