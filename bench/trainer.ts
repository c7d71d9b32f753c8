/**
 * What the Trainer costs beside a loop by hand with the same model, data and optimizer, clipping left out; and what
 * observing every parameter at every step costs on top. N steps each, in turns, as ratios of the time a step.
 */
import '@tensorflow/tfjs';
import { parameterUpdates } from 'trainscope';
import { selectBackend } from 'trainscope/tfjs';
import { AdamW, Trainer } from 'trainscope/trainer';
import { BertForSequenceClassification } from '../examples/bert-sst2/bert.js';
import { bertConfig } from '../examples/bert-sst2/bert-config.js';
import { collate, type TextExample } from '../examples/text/batches.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const STEPS = quick ? 2 : 12;
const ROUNDS = quick ? 1 : 5;
const BATCH = 16;
const LENGTH = quick ? 8 : 64;

const examples: TextExample[] = Array.from({ length: BATCH * STEPS }, (_, i) => ({
  inputIds: Array.from({ length: LENGTH }, (_, j) => (i * 31 + j * 17) % 1000),
  label: i % 2,
}));

const makeModel = () =>
  new BertForSequenceClassification(
    bertConfig({
      vocab_size: quick ? 1000 : 30_522,
      hidden_size: quick ? 16 : 128,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      intermediate_size: quick ? 32 : 512,
    }),
  );

/** Milliseconds a step of a loop by hand. */
function byHand(): number {
  const model = makeModel();
  const optimizer = new AdamW({ learningRate: 1e-4 });
  const begin = performance.now();
  for (let step = 0; step < STEPS; step++) {
    const batch = collate(examples.slice(step * BATCH, (step + 1) * BATCH));
    optimizer.minimize(() => model.loss(batch, { training: true }));
  }
  const ms = (performance.now() - begin) / STEPS;
  optimizer.dispose();
  model.dispose();
  return ms;
}

/** Milliseconds a step of the Trainer. */
async function byTrainer({ observed = false, maxGradNorm = 0 } = {}): Promise<number> {
  const model = makeModel();
  const trainer = new Trainer({
    model,
    trainDataset: examples,
    dataCollator: (batch) => collate(batch),
    args: {
      learningRate: 1e-4,
      numTrainEpochs: 1,
      perDeviceTrainBatchSize: BATCH,
      maxGradNorm,
      saveStrategy: 'no',
      disableTqdm: true,
    },
  });
  if (observed) trainer.events$.pipe(parameterUpdates()).subscribe();
  const begin = performance.now();
  await trainer.train();
  const ms = (performance.now() - begin) / STEPS;
  await trainer.close();
  model.dispose();
  return ms;
}

const CASES = {
  'a loop by hand': byHand,
  Trainer: () => byTrainer(),
  'Trainer, every parameter observed': () => byTrainer({ observed: true }),
  'Trainer, observed, clipping at 1': () => byTrainer({ observed: true, maxGradNorm: 1 }),
} as const;

const rows: string[][] = [];
for (const backend of ['tensorflow', 'wasm'] as const) {
  const unavailable = await selectBackend(backend).catch((error: Error) => error.message);
  if (unavailable !== backend) {
    console.error(unavailable);
    continue;
  }
  byHand();
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, time] of Object.entries(CASES)) times[name]!.push(await time());
  }
  for (const [name, list] of Object.entries(times)) {
    const ratios = list.map((ms, round) => ms / times['a loop by hand']![round]!);
    rows.push([name, backend, median(list).toFixed(1), median(ratios).toFixed(3)]);
  }
}
const model = `BERT 2 × 128, batch ${BATCH}, ${LENGTH} tokens`;
console.log(table([model, 'backend', 'ms a step', `of a loop by hand (median of ${ROUNDS} rounds)`], rows));
