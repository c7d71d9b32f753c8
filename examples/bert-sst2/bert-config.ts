/** The activations between two layers that there are here, by their Hugging Face names. */
export const HIDDEN_ACTS = ['gelu', 'gelu_new', 'relu'] as const;
export type HiddenAct = (typeof HIDDEN_ACTS)[number];

/** The fields of a Hugging Face BERT `config.json` that shape the model, under their own names. */
export interface BertConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly hidden_act: HiddenAct;
  readonly hidden_dropout_prob: number;
  readonly attention_probs_dropout_prob: number;
  /** Dropout before the classifier; `hidden_dropout_prob` where null. */
  readonly classifier_dropout: number | null;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly initializer_range: number;
  readonly layer_norm_eps: number;
  readonly pad_token_id: number;
  /** Its size is the number of labels. */
  readonly id2label: Readonly<Record<string, string>>;
}

/** What Hugging Face assumes of a field that config.json leaves out: bert-base. */
const DEFAULTS: BertConfig = {
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout: null,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
  id2label: { 0: 'LABEL_0', 1: 'LABEL_1' },
};

const COUNTS = [
  'vocab_size',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'max_position_embeddings',
  'type_vocab_size',
] as const;
const PROBABILITIES = ['hidden_dropout_prob', 'attention_probs_dropout_prob', 'classifier_dropout'] as const;

/**
 * A checked BERT configuration: Hugging Face's defaults for what `fields` leaves out; unknown fields are dropped.
 *
 * @throws RangeError that names the field, for a model that is not this BERT.
 */
export function bertConfig(fields: Readonly<Partial<Record<string, unknown>>> = {}): BertConfig {
  const { model_type, position_embedding_type } = fields;
  expect(model_type === undefined || model_type === 'bert', 'model_type', 'bert', model_type);
  expect(
    position_embedding_type === undefined || position_embedding_type === 'absolute',
    'position_embedding_type',
    'absolute',
    position_embedding_type,
  );
  const known = Object.keys(DEFAULTS).filter((key) => fields[key] !== undefined);
  const config: BertConfig = { ...DEFAULTS, ...Object.fromEntries(known.map((key) => [key, fields[key]])) };
  for (const key of COUNTS) {
    expect(Number.isSafeInteger(config[key]) && config[key] > 0, key, 'a positive integer', config[key]);
  }
  for (const key of PROBABILITIES) {
    const p = config[key] ?? 0;
    expect(typeof p === 'number' && p >= 0 && p < 1, key, 'a number from 0 to below 1', p);
  }
  expect(HIDDEN_ACTS.includes(config.hidden_act), 'hidden_act', HIDDEN_ACTS.join(', '), config.hidden_act);
  expect(
    config.hidden_size % config.num_attention_heads === 0,
    'hidden_size',
    `a multiple of num_attention_heads (${config.num_attention_heads})`,
    config.hidden_size,
  );
  expect(Object.keys(config.id2label).length > 0, 'id2label', 'at least one label', config.id2label);
  return config;
}

/** The number of classes that the classifier tells apart. */
export function numLabels(config: BertConfig): number {
  return Object.keys(config.id2label).length;
}

function expect(ok: boolean, name: string, expectation: string, value: unknown): void {
  if (!ok) throw new RangeError(`${name}: expected ${expectation}; got ${JSON.stringify(value)}`);
}
