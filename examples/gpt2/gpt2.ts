import * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS } from '../text/activations.js';
import { attention, causalMask } from '../text/attention.js';
import { checkIndices } from '../text/checks.js';
import { type Dropout, type ForwardOptions, PassDropout } from '../text/dropout.js';
import { conv1D, layerNorm } from '../text/layers.js';
import {
  type LoadReport,
  type NamedParameter,
  NamedVariables,
  normal,
  normSpecs,
  type ParameterSpec,
  type ParameterValues,
  zeros,
} from '../text/named-variables.js';
import type { CausalBatch } from './causal-batch.js';
import type { Gpt2Config } from './gpt2-config.js';

const EMBEDDINGS = 'transformer.wte.weight';
const POSITIONS = 'transformer.wpe.weight';
const HEAD = 'lm_head.weight';

/** Hugging Face's GPT2LMHeadModel: embeddings, blocks, and a head that says the next token; with its names and shapes. */
export class Gpt2LMHeadModel {
  readonly #variables: NamedVariables;
  readonly #dropout: PassDropout;

  /** A freshly initialised model: `seed` gives the same values on every backend. */
  constructor(
    readonly config: Gpt2Config,
    seed = 42,
  ) {
    this.#variables = new NamedVariables(parameterSpecs(config), seed);
    this.#dropout = new PassDropout(seed);
  }

  /** Every parameter, in Hugging Face's order. */
  parameters(): NamedParameter[] {
    return this.#variables.list();
  }

  /**
   * Take over values by name.
   *
   * @throws RangeError for a value of another shape than its parameter.
   */
  load(values: ReadonlyMap<string, ParameterValues>): LoadReport {
    return this.#variables.load(values);
  }

  /** What a checkpoint carries besides the weights: with it, transformers knows what they are of. */
  files(): { readonly 'config.json': string } {
    const config = { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', ...this.config };
    return { 'config.json': `${JSON.stringify(config, null, 2)}\n` };
  }

  /** Logits, [batch, length, vocabulary]: at every token, of the next one. */
  forward(batch: CausalBatch, options: ForwardOptions = {}): tf.Tensor3D {
    return tf.tidy(() => {
      const { size, length } = batch;
      const hidden = this.#hiddenStates(batch, this.#dropout.next(options));
      const head = this.#get(this.config.tie_word_embeddings ? EMBEDDINGS : HEAD);
      return tf.reshape(tf.matMul(hidden, head as tf.Tensor2D, false, true), [size, length, this.config.vocab_size]);
    });
  }

  dispose(): void {
    this.#variables.dispose();
  }

  /** [batch · length, hidden]: rank 2, where matrix products are fastest. */
  #hiddenStates(batch: CausalBatch, dropout: Dropout): tf.Tensor2D {
    checkInputs(batch, this.config);
    const mask = causalMask(batch);
    let hidden = dropout.drop(this.#embeddings(batch), this.config.embd_pdrop);
    for (let layer = 0; layer < this.config.n_layer; layer++) {
      hidden = this.#block(`transformer.h.${layer}`, hidden, mask, batch, dropout);
    }
    return this.#layerNorm('transformer.ln_f', hidden);
  }

  #embeddings({ inputIds, positionIds, size, length }: CausalBatch): tf.Tensor2D {
    const { n_embd } = this.config;
    const rows = (name: string, ids: Int32Array) =>
      tf.gather(this.#get(name) as tf.Tensor2D, tf.tensor1d(ids, 'int32'));
    const tokens = rows(EMBEDDINGS, inputIds);
    if (positionIds) return tf.add(tokens, rows(POSITIONS, positionIds));
    // The same positions for every text: rows to add, and no gather.
    const positions = tf.slice(this.#get(POSITIONS), [0, 0], [length, -1]);
    return tf.reshape(tf.add(tf.reshape(tokens, [size, length, n_embd]), positions), [size * length, n_embd]);
  }

  #block(name: string, hidden: tf.Tensor2D, mask: tf.Tensor4D, batch: CausalBatch, dropout: Dropout): tf.Tensor2D {
    const { resid_pdrop, activation_function } = this.config;
    const context = this.#attention(`${name}.attn`, this.#layerNorm(`${name}.ln_1`, hidden), mask, batch, dropout);
    const attended = tf.add(dropout.drop(context, resid_pdrop), hidden) as tf.Tensor2D;
    const wide = this.#conv1D(`${name}.mlp.c_fc`, this.#layerNorm(`${name}.ln_2`, attended));
    const output = this.#conv1D(`${name}.mlp.c_proj`, ACTIVATIONS[activation_function](wide));
    return tf.add(dropout.drop(output, resid_pdrop), attended);
  }

  #attention(
    name: string,
    hidden: tf.Tensor2D,
    mask: tf.Tensor4D,
    { size, length }: CausalBatch,
    dropout: Dropout,
  ): tf.Tensor2D {
    const { n_head: heads, attn_pdrop: dropped } = this.config;
    const [query, key, value] = tf.split(this.#conv1D(`${name}.c_attn`, hidden), 3, 1) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const context = attention(query, key, value, { size, length, heads, mask, dropout, dropped });
    return this.#conv1D(`${name}.c_proj`, context);
  }

  #conv1D(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return conv1D(x, this.#get(`${name}.weight`), this.#get(`${name}.bias`));
  }

  #layerNorm(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return layerNorm(x, this.#get(`${name}.weight`), this.#get(`${name}.bias`), this.config.layer_norm_epsilon);
  }

  #get(name: string): tf.Variable {
    return this.#variables.get(name);
  }
}

/** Every parameter's name, shape and first values, in the order of torch's `named_parameters()`. */
function parameterSpecs(config: Gpt2Config): ParameterSpec[] {
  const { vocab_size, n_positions, n_embd, n_layer, initializer_range } = config;
  const inner = config.n_inner ?? 4 * n_embd;
  const random = normal(initializer_range);
  // Every block adds two of them to what goes through: their sum is to stay as large, however many there are.
  const residual = normal(initializer_range / Math.sqrt(2 * n_layer));
  const linear = (name: string, inputs: number, outputs: number, init = random): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [inputs, outputs], init },
    { name: `${name}.bias`, shape: [outputs], init: zeros },
  ];
  const block = (name: string): ParameterSpec[] => [
    ...normSpecs(`${name}.ln_1`, n_embd),
    ...linear(`${name}.attn.c_attn`, n_embd, 3 * n_embd),
    ...linear(`${name}.attn.c_proj`, n_embd, n_embd, residual),
    ...normSpecs(`${name}.ln_2`, n_embd),
    ...linear(`${name}.mlp.c_fc`, n_embd, inner),
    ...linear(`${name}.mlp.c_proj`, inner, n_embd, residual),
  ];
  return [
    { name: EMBEDDINGS, shape: [vocab_size, n_embd], init: random },
    { name: POSITIONS, shape: [n_positions, n_embd], init: random },
    ...Array.from({ length: n_layer }, (_, i) => block(`transformer.h.${i}`)).flat(),
    ...normSpecs('transformer.ln_f', n_embd),
    ...(config.tie_word_embeddings ? [] : [{ name: HEAD, shape: [vocab_size, n_embd], init: random }]),
  ];
}

function checkInputs({ inputIds, positionIds, length }: CausalBatch, config: Gpt2Config): void {
  if (!positionIds && length > config.n_positions) {
    throw new RangeError(`length: expected at most ${config.n_positions} tokens; got ${length}: truncate`);
  }
  checkIndices('inputIds', inputIds, config.vocab_size);
  if (positionIds) checkIndices('positionIds', positionIds, config.n_positions);
}
