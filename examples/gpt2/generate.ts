import * as tf from '@tensorflow/tfjs-core';
import { seededUniform } from '../text/random.js';
import { causalBatch } from './causal-batch.js';
import type { Gpt2LMHeadModel } from './gpt2.js';

export interface GenerateOptions {
  /** Default: as many as the model has positions for. */
  readonly maxNewTokens?: number;
  /** 0: always the likeliest token. Default: 1, as the model says; below 1 it plays safer. */
  readonly temperature?: number;
  /** Draw from so many of the likeliest; default: all. */
  readonly topK?: number;
  /** The same seed draws the same text. Default: 42. */
  readonly seed?: number;
}

/** Continue a text token by token, until the model says that it ends. Gives all ids, the prompt's first. */
export async function generate(
  model: Gpt2LMHeadModel,
  prompt: readonly number[],
  { maxNewTokens = Infinity, temperature = 1, topK = Infinity, seed = 42 }: GenerateOptions = {},
): Promise<number[]> {
  const { n_positions, eos_token_id } = model.config;
  const uniform = seededUniform(seed);
  const ids = [...prompt];
  const end = Math.min(n_positions, prompt.length + maxNewTokens);
  while (ids.length < end) {
    const logits = await nextLogits(model, ids);
    const next = temperature === 0 ? likeliest(logits, 1)[0]! : draw(logits, temperature, topK, uniform());
    ids.push(next);
    if (next === eos_token_id) break;
  }
  return ids;
}

/** What the model says of the token after the last. */
async function nextLogits(model: Gpt2LMHeadModel, ids: readonly number[]): Promise<Float32Array> {
  const last = tf.tidy(() => {
    const logits = model.forward(causalBatch([{ inputIds: ids }]));
    return tf.reshape(tf.slice(logits, [0, ids.length - 1, 0], [1, 1, -1]), [-1]);
  });
  try {
    return (await last.data()) as Float32Array;
  } finally {
    last.dispose();
  }
}

/** The first token, from the likeliest on, with which their shares exceed `uniform` of the whole. */
function draw(logits: Float32Array, temperature: number, topK: number, uniform: number): number {
  const candidates = likeliest(logits, topK);
  const highest = logits[candidates[0]!]!;
  const weights = candidates.map((id) => Math.exp((logits[id]! - highest) / temperature));
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return candidates[found]!;
}

/** The indices of the highest logits, the highest first. */
function likeliest(logits: Float32Array, count: number): number[] {
  const ids = Array.from(logits, (_, id) => id);
  return ids.sort((a, b) => logits[b]! - logits[a]!).slice(0, count);
}
