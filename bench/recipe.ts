/**
 * The recipe of docs/learning-rate.md on the main job and on fine-tuning MiniLM: the suggested rate, a warm-up, a linear
 * schedule; against the rates that the examples use.
 *
 * `tsx bench/recipe.ts [--quick] [--job main|minilm] [--steps n]`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { learningRatePicture } from 'trainscope/node';
import { selectBackend, suggestLearningRate } from 'trainscope/tfjs';
import { AdamW, createScheduler } from 'trainscope/trainer';
import type { BertForSequenceClassification } from '../examples/bert-sst2/bert.js';
import { loadModel } from '../examples/bert-sst2/load-model.js';
import { minilmFolder } from '../examples/bert-sst2/minilm.js';
import { BertTokenizer } from '../examples/bert-sst2/tokenizer.js';
import { batches, type TextBatch, type TextExample } from '../examples/text/batches.js';
import { loadSentences, splitSentences } from '../examples/text/sentences.js';
import { mainJobModel } from './problems/bert.js';
import { quick } from './quick.js';
import { table } from './report.js';

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    job: { type: 'string' },
    steps: { type: 'string' },
    pictures: { type: 'string' },
  },
});

interface Model {
  readonly model: BertForSequenceClassification;
  readonly encode: (sentence: string) => TextExample;
}

interface Job {
  readonly name: string;
  readonly learningRate: number;
  readonly steps: number;
  readonly testSteps: number;
  readonly batchSize: number;
  readonly heldOut: number;
  readonly make: () => Promise<Model>;
}

const JOBS: readonly Job[] = [
  {
    name: 'main',
    learningRate: 5e-4,
    steps: 155,
    testSteps: 100,
    batchSize: 16,
    heldOut: 496,
    make: async () => {
      const tokenizer = await BertTokenizer.uncased();
      return { model: mainJobModel(42), encode: (sentence) => tokenizer.encode(sentence, { maxLength: 64 }) };
    },
  },
  {
    name: 'minilm',
    learningRate: 2e-5,
    steps: 60,
    testSteps: 60,
    batchSize: 8,
    heldOut: 160,
    make: async () => {
      const { model, tokenizer } = await loadModel(await minilmFolder(), { numLabels: 2 });
      return { model, encode: (sentence) => tokenizer.encode(sentence, { maxLength: 32 }) };
    },
  },
];

/** Epoch after epoch, in the examples' order. */
function* endless(examples: readonly TextExample[], batchSize: number): Generator<TextBatch> {
  for (let epoch = 0; ; epoch++) yield* batches(examples, { batchSize, shuffle: [42, epoch], groupByLength: true });
}

const optimizer = (learningRate: number) => new AdamW({ learningRate, weightDecay: 0.01 });

function accuracy(model: BertForSequenceClassification, examples: readonly TextExample[]): number {
  let right = 0;
  for (const batch of batches(examples, { batchSize: 32 })) {
    const predicted = tf.tidy(() => model.forward(batch).argMax(-1).dataSync());
    right += [...predicted].filter((label, i) => label === batch.labels?.[i]).length;
  }
  return right / examples.length;
}

async function run(job: Job): Promise<string[][]> {
  const { train, heldOut } = splitSentences(await loadSentences());
  const steps = quick ? 4 : Number(args.steps ?? job.steps);

  const trainAt = async (rate: number) => {
    const { model, encode } = await job.make();
    const examples = train.map(({ sentence, label }) => ({ ...encode(sentence), label }));
    const adamW = optimizer(rate);
    const schedule = createScheduler('linear', {
      learningRate: rate,
      warmupSteps: Math.round(steps / 10),
      trainingSteps: steps,
    });
    const losses: number[] = [];
    for (const batch of endless(examples, job.batchSize)) {
      adamW.learningRate = schedule.learningRate;
      losses.push(tf.tidy(() => adamW.minimize(() => model.loss(batch, { training: true }), true)!.dataSync()[0]!));
      schedule.advance();
      if (losses.length === steps) break;
    }
    const last = losses.slice(-Math.ceil(steps / 5));
    // From all over: one label comes after the other.
    const every = heldOut.length / (quick ? 16 : job.heldOut);
    const held = heldOut
      .filter((_, i) => Math.floor(i / every) > Math.floor((i - 1) / every))
      .map(({ sentence, label }) => ({ ...encode(sentence), label }));
    const row = [
      (last.reduce((sum, loss) => sum + loss, 0) / last.length).toFixed(3),
      accuracy(model, held).toFixed(3),
    ];
    adamW.dispose();
    model.dispose();
    console.error(job.name, rate, row.join(' '));
    return row;
  };

  const { model, encode } = await job.make();
  const examples = train.map(({ sentence, label }) => ({ ...encode(sentence), label }));
  const data = endless(examples, job.batchSize);
  const tested: TextBatch[] = [];
  const adamW = optimizer(job.learningRate);
  const lossOf = (step: number) => {
    tested[step] ??= data.next().value as TextBatch;
    return model.loss(tested[step], { training: true, seed: step });
  };
  const suggestion = await suggestLearningRate(adamW, lossOf, { steps: quick ? 20 : job.testSteps });
  adamW.dispose();
  model.dispose();
  if (args.pictures) writeFileSync(`${args.pictures}/${job.name}.json`, JSON.stringify(suggestion));
  if (args.pictures) writeFileSync(`${args.pictures}/${job.name}.svg`, learningRatePicture(suggestion));
  const rows = [[job.name, 'as the example has it', String(job.learningRate), ...(await trainAt(job.learningRate))]];
  if (!suggestion.found) return [...rows, [job.name, suggestion.message, '–', '–', '–']];
  const { learningRate, by, rates, points } = suggestion;
  console.error(job.name, learningRate, by, rates, points.length);
  const how = `suggested, by ${by === 'loss' ? 'the loss' : 'the update ratio'}, after ${points.length} updates`;
  return [...rows, [job.name, how, String(learningRate), ...(await trainAt(learningRate))]];
}

await selectBackend();
const rows: string[][] = [];
for (const job of JOBS) if (!args.job || job.name === args.job) rows.push(...(await run(job)));
console.log(
  table(['job', 'rate', '', `loss at the end, mean of the last fifth`, 'accuracy on sentences held out'], rows),
);
