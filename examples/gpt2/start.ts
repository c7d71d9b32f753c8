// A causal language model on the Trainer: GPT-2 learns to write reviews, and every block of it is watched.
//
//   npx tsx examples/gpt2/start.ts                              a small one from scratch, on review sentences
//   npx tsx examples/gpt2/start.ts --model gpt2 --text my.txt   a pretrained one, on the lines of a file
//   npx tsx examples/gpt2/start.ts --help
import { merge } from 'rxjs';
import { consoleSink, groupByLayer, ofType, parameterUpdates } from 'trainscope';
import { selectBackend } from 'trainscope/tfjs';
import { Trainer } from 'trainscope/trainer';
import { type CausalExample, causalBatch } from './causal-batch.js';
import { causalLoss } from './causal-loss.js';
import { generate } from './generate.js';
import { Gpt2LMHeadModel } from './gpt2.js';
import { gpt2Config } from './gpt2-config.js';
import { type LoadedModel, loadModel } from './load-model.js';
import { startOptions } from './start-options.js';
import { loadTexts } from './texts.js';
import { Gpt2Tokenizer } from './tokenizer.js';

const FOLDER = 'results/gpt2';
const MAX_LENGTH = 48;
/** Of GPT-2's own 50,257 tokens, those that it learnt first: the head of a small model is its largest part. */
const SMALL_VOCABULARY = 1024;

const options = startOptions(process.argv.slice(2));
const backend = await selectBackend(undefined, { say: console.log });

const { model, tokenizer } = options.model === 'small' ? await smallModel() : await loadModel(options.model);
const { n_layer, n_embd, n_positions } = model.config;
const weights = model.parameters().reduce((sum, { variable }) => sum + variable.size, 0);
console.log(`model: GPT-2, ${n_layer} layers × ${n_embd}, ${(weights / 1e6).toFixed(1)}M weights`);

const { train, heldOut } = await loadTexts(options.text);
const encode = (text: string): CausalExample => ({
  inputIds: tokenizer.encodeText(text, Math.min(MAX_LENGTH, n_positions)),
});
const trainExamples = train.map(encode);
const tokens = trainExamples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
console.log(`data: ${train.length} texts of ${tokens} tokens to learn from, ${heldOut.length} texts held out\n`);

const trainer = new Trainer({
  model,
  trainDataset: trainExamples,
  evalDataset: heldOut.map(encode),
  dataCollator: (examples) => causalBatch(examples),
  // The mean over the tokens of an update: with the default, a short micro-batch would weigh as much as a long one.
  computeLoss: causalLoss,
  processingClass: tokenizer,
  args: {
    outputDir: FOLDER,
    saveStrategy: 'no',
    learningRate: options.learningRate,
    lrSchedulerType: 'cosine',
    warmupSteps: 0.1,
    weightDecay: 0.1,
    perDeviceTrainBatchSize: 4,
    gradientAccumulationSteps: 2,
    perDeviceEvalBatchSize: 32,
    numTrainEpochs: options.epochs,
    maxSteps: options.maxSteps,
    disableTqdm: true,
  },
});

const before = await trainer.evaluate();
const blocks$ = trainer.events$.pipe(parameterUpdates(), groupByLayer({ layer: blockOf }));
trainer.attach(merge(blocks$, trainer.events$.pipe(ofType('alert', 'control'))), consoleSink({ style: 'table' }));
const { globalStep, metrics } = await trainer.train();
await trainer.close();
const after = await trainer.evaluate();
await trainer.saveModel();

console.log(`
${globalStep} updates in ${Math.round(metrics.train_runtime ?? 0)} s on ${backend}. On texts that it has not seen:

  before   ${loss(before.eval_loss!)}
  after    ${loss(after.eval_loss!)}

It writes:`);
for (const seed of [1, 2, 3]) {
  const ids = await generate(model, [tokenizer.endOfText], {
    seed,
    maxNewTokens: MAX_LENGTH,
    temperature: 0.7,
    topK: 40,
  });
  console.log(`  “${tokenizer.decode(ids).trim()}”`);
}
console.log(`
The model is in ${FOLDER}: go on with --model ${FOLDER}, or in Python by GPT2LMHeadModel.from_pretrained("${FOLDER}").`);
model.dispose();

async function smallModel(): Promise<Pick<LoadedModel, 'model' | 'tokenizer'>> {
  const tokenizer = await Gpt2Tokenizer.english(SMALL_VOCABULARY);
  const { vocabularySize: vocab_size, endOfText } = tokenizer;
  const size = { n_positions: MAX_LENGTH, n_embd: 128, n_layer: 2, n_head: 4 };
  const ends = { bos_token_id: endOfText, eos_token_id: endOfText };
  return { tokenizer, model: new Gpt2LMHeadModel(gpt2Config({ vocab_size, ...size, ...ends })) };
}

/** `wte`, `wpe`, `h.0`, `h.1`, …, `ln_f`. */
function blockOf(name: string): string {
  return /^transformer\.(h\.\d+|[^.]+)/.exec(name)?.[1] ?? name;
}

/** The perplexity is the number of tokens that it wavers between, on average. */
function loss(value: number): string {
  return `loss ${value.toFixed(2)}, perplexity ${Math.round(Math.exp(value)).toLocaleString('en')}`;
}
