import { ACTIVATION_NAMES, type ActivationName } from '../text/activations.js';
import { check, checkCounts, checkProbabilities, withDefaults } from '../text/checks.js';

/** The fields of a Hugging Face BERT `config.json` that shape the model, under their own names. */
export interface BertConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly hidden_act: ActivationName;
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
  const { model_type = 'bert', position_embedding_type = 'absolute' } = fields;
  check(model_type === 'bert', 'model_type', 'bert', model_type);
  check(position_embedding_type === 'absolute', 'position_embedding_type', 'absolute', position_embedding_type);
  const config = withDefaults(DEFAULTS, fields);
  checkCounts(config, COUNTS);
  checkProbabilities(config, PROBABILITIES);
  const { hidden_act, hidden_size, num_attention_heads: heads, id2label } = config;
  check(ACTIVATION_NAMES.includes(hidden_act), 'hidden_act', ACTIVATION_NAMES.join(', '), hidden_act);
  check(hidden_size % heads === 0, 'hidden_size', `a multiple of num_attention_heads (${heads})`, hidden_size);
  check(Object.keys(id2label).length > 0, 'id2label', 'at least one label', id2label);
  return config;
}

/** The number of classes that the classifier tells apart. */
export function numLabels(config: BertConfig): number {
  return Object.keys(config.id2label).length;
}
