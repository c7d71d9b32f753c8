import * as tf from '@tensorflow/tfjs';
import { AdamW } from 'trainscope/trainer';
import { BertForSequenceClassification } from '../../examples/bert-sst2/bert.js';
import { type BertConfig, bertConfig } from '../../examples/bert-sst2/bert-config.js';
import { BertTokenizer } from '../../examples/bert-sst2/tokenizer.js';
import { batches } from '../../examples/text/batches.js';
import { loadSentences } from '../../examples/text/sentences.js';
import type { Problem } from '../overhead.js';

/** Its step also by parts. */
interface BertProblem extends Problem {
  readonly forward: () => void;
  readonly backward: () => void;
}

/** The main job's BERT, from scratch. */
export function mainJobModel(seed: number): BertForSequenceClassification {
  const size = { hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 512 };
  return new BertForSequenceClassification(bertConfig({ ...size, hidden_dropout_prob: 0.2 }), seed);
}

/** The main job's BERT and optimizer, on one batch of its sentences. */
export function bertProblem(seed: number): Promise<BertProblem> {
  const size = { hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 512 };
  return problemOf(bertConfig(size), seed, 16, new AdamW({ learningRate: 5e-4, weightDecay: 0.01 }));
}

/** A BERT of MiniLM's size, 22.7M weights, on one batch of sentences. */
export function minilmProblem(seed: number, optimizer: tf.Optimizer, batchSize: number): Promise<BertProblem> {
  const size = { hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 12, intermediate_size: 1536 };
  return problemOf(bertConfig(size), seed, batchSize, optimizer);
}

async function problemOf(
  config: BertConfig,
  seed: number,
  batchSize: number,
  optimizer: tf.Optimizer,
): Promise<BertProblem> {
  const tokenizer = await BertTokenizer.uncased();
  const sentences = (await loadSentences()).slice(seed * batchSize, (seed + 1) * batchSize);
  const examples = sentences.map(({ sentence, label }) => ({
    ...tokenizer.encode(sentence, { maxLength: 64 }),
    label,
  }));
  const [batch] = batches(examples, { batchSize, padTo: 64 });
  if (!batch) throw new Error('no sentences');
  const model = new BertForSequenceClassification(config, seed);
  const loss = () => model.loss(batch, { training: true });
  return {
    optimizer,
    forward: () => loss().dispose(),
    backward: () => {
      const { value, grads } = tf.variableGrads(loss);
      tf.dispose([value, grads]);
    },
    step: () => void optimizer.minimize(loss),
    dispose: () => {
      optimizer.dispose();
      model.dispose();
    },
  };
}
