import * as tf from '@tensorflow/tfjs';
import { ACTIVATIONS } from '../text/activations.js';
import { attention, paddingMask } from '../text/attention.js';
import type { TextBatch } from '../text/batches.js';
import { checkIndices } from '../text/checks.js';
import { type Dropout, type ForwardOptions, PassDropout } from '../text/dropout.js';
import { crossEntropy, dense, layerNorm } from '../text/layers.js';
import {
  type Initializer,
  type LoadReport,
  type NamedParameter,
  NamedVariables,
  normal,
  normSpecs,
  type ParameterSpec,
  type ParameterValues,
  zeros,
} from '../text/named-variables.js';
import { type BertConfig, numLabels } from './bert-config.js';

/** Hugging Face's BertForSequenceClassification: embeddings, encoder, pooler, classifier; with its names and shapes. */
export class BertForSequenceClassification {
  readonly #variables: NamedVariables;
  readonly #dropout: PassDropout;

  /** A freshly initialised model: `seed` gives the same values on every backend. */
  constructor(
    readonly config: BertConfig,
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
    const config = { architectures: ['BertForSequenceClassification'], model_type: 'bert', ...this.config };
    return { 'config.json': `${JSON.stringify(config, null, 2)}\n` };
  }

  /** Logits: [batch, labels]. */
  forward(batch: TextBatch, options: ForwardOptions = {}): tf.Tensor2D {
    return tf.tidy(() => {
      const dropout = this.#dropout.next(options);
      const hidden = this.encode(batch, dropout);
      const { hidden_size, hidden_dropout_prob, classifier_dropout } = this.config;
      const first = tf.reshape(
        tf.slice(tf.reshape(hidden, [batch.size, batch.length, hidden_size]), [0, 0, 0], [-1, 1, -1]),
        [batch.size, hidden_size],
      ) as tf.Tensor2D;
      const pooled = tf.tanh(this.dense('bert.pooler.dense', first));
      return this.dense('classifier', dropout.drop(pooled, classifier_dropout ?? hidden_dropout_prob));
    });
  }

  /** The mean cross entropy of a batch with labels. */
  loss(batch: TextBatch, options: ForwardOptions = {}): tf.Scalar {
    return tf.tidy(() => {
      const labels = checkedLabels(batch, numLabels(this.config));
      return crossEntropy(this.forward(batch, options), labels);
    });
  }

  /** The last layer's hidden states: [batch, length, hidden]. */
  hiddenStates(batch: TextBatch, options: ForwardOptions = {}): tf.Tensor3D {
    return tf.tidy(() =>
      tf.reshape(this.encode(batch, this.#dropout.next(options)), [batch.size, batch.length, this.config.hidden_size]),
    );
  }

  dispose(): void {
    this.#variables.dispose();
  }

  /** [batch · length, hidden]: rank 2, where matrix products are fastest. */
  private encode(batch: TextBatch, dropout: Dropout): tf.Tensor2D {
    checkInputs(batch, this.config);
    const mask = paddingMask(batch);
    let hidden = this.embeddings(batch, dropout);
    for (let layer = 0; layer < this.config.num_hidden_layers; layer++) {
      hidden = this.layer(`bert.encoder.layer.${layer}`, hidden, mask, batch, dropout);
    }
    return hidden;
  }

  private embeddings({ inputIds, tokenTypeIds, size, length }: TextBatch, dropout: Dropout): tf.Tensor2D {
    const { hidden_size, hidden_dropout_prob } = this.config;
    const words = tf.gather(this.get('bert.embeddings.word_embeddings.weight'), tf.tensor1d(inputIds, 'int32'));
    const positions = tf.slice(this.get('bert.embeddings.position_embeddings.weight'), [0, 0], [length, -1]);
    const types = this.get('bert.embeddings.token_type_embeddings.weight');
    // One type for all is the usual case: a row to add, and no gather.
    const typed = tokenTypeIds?.some((id) => id !== 0)
      ? tf.reshape(tf.gather(types, tf.tensor1d(tokenTypeIds, 'int32')), [size, length, hidden_size])
      : tf.slice(types, [0, 0], [1, -1]);
    const sum = tf.add(tf.reshape(words, [size, length, hidden_size]), tf.add(positions, typed));
    const rows = tf.reshape(sum, [size * length, hidden_size]) as tf.Tensor2D;
    return dropout.drop(this.layerNorm('bert.embeddings.LayerNorm', rows), hidden_dropout_prob);
  }

  private layer(
    name: string,
    hidden: tf.Tensor2D,
    mask: tf.Tensor4D | undefined,
    batch: TextBatch,
    dropout: Dropout,
  ): tf.Tensor2D {
    const { hidden_dropout_prob } = this.config;
    const context = this.selfAttention(`${name}.attention.self`, hidden, mask, batch, dropout);
    const projected = dropout.drop(this.dense(`${name}.attention.output.dense`, context), hidden_dropout_prob);
    const attended = this.layerNorm(`${name}.attention.output.LayerNorm`, tf.add(projected, hidden));
    const activate = ACTIVATIONS[this.config.hidden_act];
    const intermediate = activate(this.dense(`${name}.intermediate.dense`, attended));
    const output = dropout.drop(this.dense(`${name}.output.dense`, intermediate), hidden_dropout_prob);
    return this.layerNorm(`${name}.output.LayerNorm`, tf.add(output, attended));
  }

  private selfAttention(
    name: string,
    hidden: tf.Tensor2D,
    mask: tf.Tensor4D | undefined,
    { size, length }: TextBatch,
    dropout: Dropout,
  ): tf.Tensor2D {
    const { num_attention_heads: heads, attention_probs_dropout_prob: dropped } = this.config;
    const [query, key, value] = (['query', 'key', 'value'] as const).map((part) =>
      this.dense(`${name}.${part}`, hidden),
    ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    return attention(query, key, value, { size, length, heads, mask, dropout, dropped });
  }

  private dense(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return dense(x, this.get(`${name}.weight`), this.get(`${name}.bias`));
  }

  private layerNorm(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return layerNorm(x, this.get(`${name}.weight`), this.get(`${name}.bias`), this.config.layer_norm_eps);
  }

  private get(name: string): tf.Variable {
    return this.#variables.get(name);
  }
}

/** Every parameter's name, shape and first values, in the order of torch's `named_parameters()`. */
function parameterSpecs(config: BertConfig): ParameterSpec[] {
  const { vocab_size, hidden_size: hidden, max_position_embeddings, type_vocab_size, intermediate_size } = config;
  const random = normal(config.initializer_range);
  const embedding = (name: string, rows: number, init: Initializer): ParameterSpec => ({
    name: `bert.embeddings.${name}.weight`,
    shape: [rows, hidden],
    init,
  });
  const linear = (name: string, inputs: number, outputs: number): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [outputs, inputs], init: random },
    { name: `${name}.bias`, shape: [outputs], init: zeros },
  ];
  const norm = (name: string): ParameterSpec[] => normSpecs(name, hidden);
  const layer = (name: string): ParameterSpec[] => [
    ...linear(`${name}.attention.self.query`, hidden, hidden),
    ...linear(`${name}.attention.self.key`, hidden, hidden),
    ...linear(`${name}.attention.self.value`, hidden, hidden),
    ...linear(`${name}.attention.output.dense`, hidden, hidden),
    ...norm(`${name}.attention.output.LayerNorm`),
    ...linear(`${name}.intermediate.dense`, hidden, intermediate_size),
    ...linear(`${name}.output.dense`, intermediate_size, hidden),
    ...norm(`${name}.output.LayerNorm`),
  ];
  return [
    embedding('word_embeddings', vocab_size, withoutPadding(random, config)),
    embedding('position_embeddings', max_position_embeddings, random),
    embedding('token_type_embeddings', type_vocab_size, random),
    ...norm('bert.embeddings.LayerNorm'),
    ...Array.from({ length: config.num_hidden_layers }, (_, i) => layer(`bert.encoder.layer.${i}`)).flat(),
    ...linear('bert.pooler.dense', hidden, hidden),
    ...linear('classifier', hidden, numLabels(config)),
  ];
}

/** As torch's padding_idx: the padding word starts at zero. */
function withoutPadding(init: Initializer, { pad_token_id, hidden_size }: BertConfig): Initializer {
  return (size, seed) => init(size, seed).fill(0, pad_token_id * hidden_size, (pad_token_id + 1) * hidden_size);
}

function checkInputs({ inputIds, tokenTypeIds, length }: TextBatch, config: BertConfig): void {
  if (length > config.max_position_embeddings) {
    throw new RangeError(`length: expected at most ${config.max_position_embeddings} tokens; got ${length}: truncate`);
  }
  checkIndices('inputIds', inputIds, config.vocab_size);
  if (tokenTypeIds) checkIndices('tokenTypeIds', tokenTypeIds, config.type_vocab_size);
}

function checkedLabels({ labels }: TextBatch, count: number): Int32Array {
  if (!labels) throw new TypeError('labels: expected a batch with labels; got none');
  checkIndices('labels', labels, count);
  return labels;
}
