import * as tf from '@tensorflow/tfjs';
import type { TextBatch } from './batches.js';
import { type BertConfig, type HiddenAct, numLabels } from './bert-config.js';
import { crossEntropy, Dropout, dense, gelu, geluNew, layerNorm, relu } from './layers.js';
import { seededNormal } from './random.js';

export interface ForwardOptions {
  /** Dropout is on; default false. */
  readonly training?: boolean;
  /**
   * Names the dropout masks: the same seed drops the same values, on every backend. Give one made of the step, and a
   * resumed run is the run that was not stopped; by default the model counts its training passes.
   */
  readonly seed?: number;
}

export interface NamedParameter {
  /** As Hugging Face names it: `bert.encoder.layer.0.attention.self.query.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
}

interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: 'normal' | 'zeros' | 'ones';
}

/** What could not be matched when values were loaded. */
export interface LoadReport {
  /** Parameters that the values do not have: they keep their fresh initialisation. */
  readonly missing: readonly string[];
  /** Values that this model has no parameter for. */
  readonly unused: readonly string[];
}

const ACTIVATIONS: Readonly<Record<HiddenAct, (x: tf.Tensor2D) => tf.Tensor2D>> = { gelu, gelu_new: geluNew, relu };

/** The score of a position that attention must not see, as torch has it: float32's lowest number. */
const MASKED = -3.4028234663852886e38;

/**
 * Hugging Face's BertForSequenceClassification: embeddings, encoder, pooler, classifier; with its names and shapes.
 *
 * Its variables are named as `parameters()` says; where a living model has those names already, with `_1`, `_2`, … at
 * the end, since TensorFlow.js has one variable a name.
 */
export class BertForSequenceClassification {
  readonly #parameters = new Map<string, tf.Variable>();
  #trainingPasses = 0;

  /** A freshly initialised model: `seed` gives the same values on every backend. */
  constructor(
    readonly config: BertConfig,
    private readonly seed = 42,
  ) {
    const specs = parameterSpecs(config);
    const suffix = freeSuffix(specs.map(({ name }) => name));
    specs.forEach((spec, index) => {
      const values = initialValues(spec, config, [seed, index]);
      const variable = tf.tidy(() => tf.variable(tf.tensor(values, [...spec.shape]), true, spec.name + suffix));
      this.#parameters.set(spec.name, variable);
    });
  }

  /** Every parameter, in Hugging Face's order. */
  parameters(): NamedParameter[] {
    return [...this.#parameters].map(([name, variable]) => ({ name, variable }));
  }

  /**
   * Take over values by name.
   *
   * @throws RangeError for a value of another size than its parameter.
   */
  load(values: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>): LoadReport {
    for (const [name, variable] of this.#parameters) {
      const value = values.get(name);
      if (value && value.shape.join() !== variable.shape.join()) {
        throw new RangeError(`${name}: expected shape [${variable.shape}]; got [${value.shape}]`);
      }
    }
    for (const [name, variable] of this.#parameters) {
      const value = values.get(name);
      // The cpu backend would keep the given array itself, and the caller's next write would change the model.
      if (value) tf.tidy(() => variable.assign(tf.tensor(value.data.slice(), variable.shape)));
    }
    return {
      missing: [...this.#parameters.keys()].filter((name) => !values.has(name)),
      unused: [...values.keys()].filter((name) => !this.#parameters.has(name)),
    };
  }

  /** What a checkpoint carries besides the weights: with it, transformers knows what they are of. */
  files(): { readonly 'config.json': string } {
    const config = { architectures: ['BertForSequenceClassification'], model_type: 'bert', ...this.config };
    return { 'config.json': `${JSON.stringify(config, null, 2)}\n` };
  }

  /** Logits: [batch, labels]. */
  forward(batch: TextBatch, options: ForwardOptions = {}): tf.Tensor2D {
    return tf.tidy(() => {
      const dropout = this.dropout(options);
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
      tf.reshape(this.encode(batch, this.dropout(options)), [batch.size, batch.length, this.config.hidden_size]),
    );
  }

  dispose(): void {
    for (const variable of this.#parameters.values()) variable.dispose();
    this.#parameters.clear();
  }

  private dropout({ training = false, seed }: ForwardOptions): Dropout {
    if (!training) return new Dropout(undefined);
    return new Dropout(seed ?? this.seed + this.#trainingPasses++);
  }

  /** [batch · length, hidden]: rank 2, where matrix products are fastest. */
  private encode(batch: TextBatch, dropout: Dropout): tf.Tensor2D {
    checkInputs(batch, this.config);
    const mask = attentionMask(batch);
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
    const { hidden_size, num_attention_heads, attention_probs_dropout_prob } = this.config;
    const headSize = hidden_size / num_attention_heads;
    const heads = (part: string): tf.Tensor4D =>
      tf.transpose(
        tf.reshape(this.dense(`${name}.${part}`, hidden), [size, length, num_attention_heads, headSize]),
        [0, 2, 1, 3],
      );
    const query = tf.mul(heads('query'), 1 / Math.sqrt(headSize));
    const scores = tf.matMul(query, heads('key'), false, true) as tf.Tensor4D;
    const probabilities = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const context = tf.matMul(dropout.drop(probabilities, attention_probs_dropout_prob), heads('value'));
    return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [size * length, hidden_size]);
  }

  private dense(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return dense(x, this.get(`${name}.weight`), this.get(`${name}.bias`));
  }

  private layerNorm(name: string, x: tf.Tensor2D): tf.Tensor2D {
    return layerNorm(x, this.get(`${name}.weight`), this.get(`${name}.bias`), this.config.layer_norm_eps);
  }

  private get(name: string): tf.Variable {
    const variable = this.#parameters.get(name);
    if (!variable) throw new Error(`${name}: the model is disposed`);
    return variable;
  }
}

/** Every parameter's name and shape, in the order of torch's `named_parameters()`. */
function parameterSpecs(config: BertConfig): ParameterSpec[] {
  const { vocab_size, hidden_size: hidden, max_position_embeddings, type_vocab_size, intermediate_size } = config;
  const embedding = (name: string, rows: number): ParameterSpec[] => [
    { name: `bert.embeddings.${name}.weight`, shape: [rows, hidden], init: 'normal' },
  ];
  const linear = (name: string, inputs: number, outputs: number): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [outputs, inputs], init: 'normal' },
    { name: `${name}.bias`, shape: [outputs], init: 'zeros' },
  ];
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [hidden], init: 'ones' },
    { name: `${name}.bias`, shape: [hidden], init: 'zeros' },
  ];
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
    ...embedding('word_embeddings', vocab_size),
    ...embedding('position_embeddings', max_position_embeddings),
    ...embedding('token_type_embeddings', type_vocab_size),
    ...norm('bert.embeddings.LayerNorm'),
    ...Array.from({ length: config.num_hidden_layers }, (_, i) => layer(`bert.encoder.layer.${i}`)).flat(),
    ...linear('bert.pooler.dense', hidden, hidden),
    ...linear('classifier', hidden, numLabels(config)),
  ];
}

function initialValues({ name, shape, init }: ParameterSpec, config: BertConfig, seed: readonly number[]) {
  const size = shape.reduce((product, length) => product * length, 1);
  if (init !== 'normal') return new Float32Array(size).fill(init === 'ones' ? 1 : 0);
  const values = seededNormal(size, config.initializer_range, ...seed);
  const { hidden_size, pad_token_id } = config;
  // As torch's padding_idx: the padding word starts at zero.
  if (name.endsWith('word_embeddings.weight'))
    values.fill(0, pad_token_id * hidden_size, (pad_token_id + 1) * hidden_size);
  return values;
}

/** What to put behind every name so that none is taken. */
function freeSuffix(names: readonly string[]): string {
  const taken = tf.engine().registeredVariables;
  for (let i = 0; ; i++) {
    const suffix = i === 0 ? '' : `_${i}`;
    if (!names.some((name) => name + suffix in taken)) return suffix;
  }
}

/** What is added to the scores, [batch, 1, 1, length]; undefined where nothing is masked. */
function attentionMask({ attentionMask, size, length }: TextBatch): tf.Tensor4D | undefined {
  if (attentionMask.every((seen) => seen === 1)) return undefined;
  return tf.tensor4d(
    Float32Array.from(attentionMask, (seen) => (seen === 1 ? 0 : MASKED)),
    [size, 1, 1, length],
  );
}

/** Some backends read past the table for an index outside it, and say nothing. */
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

function checkIndices(name: string, indices: Int32Array, count: number): void {
  for (const index of indices) {
    if (index < 0 || index >= count) throw new RangeError(`${name}: expected 0 to ${count - 1}; got ${index}`);
  }
}
