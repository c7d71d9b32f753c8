import { ACTIVATION_NAMES, type ActivationName } from '../text/activations.js';
import { check, checkCounts, checkProbabilities, withDefaults } from '../text/checks.js';

/** The fields of a Hugging Face GPT-2 `config.json` that shape the model, under their own names. */
export interface Gpt2Config {
  readonly vocab_size: number;
  /** Tokens in a text at most. */
  readonly n_positions: number;
  readonly n_embd: number;
  readonly n_layer: number;
  readonly n_head: number;
  /** The width between the two layers of a block's MLP; four times `n_embd` where null. */
  readonly n_inner: number | null;
  readonly activation_function: ActivationName;
  readonly embd_pdrop: number;
  readonly resid_pdrop: number;
  readonly attn_pdrop: number;
  readonly layer_norm_epsilon: number;
  readonly initializer_range: number;
  /** Whether the table of embeddings gives the logits too. */
  readonly tie_word_embeddings: boolean;
  readonly bos_token_id: number;
  readonly eos_token_id: number;
}

/** What Hugging Face assumes of a field that config.json leaves out: the smallest GPT-2 of four. */
const DEFAULTS: Gpt2Config = {
  vocab_size: 50257,
  n_positions: 1024,
  n_embd: 768,
  n_layer: 12,
  n_head: 12,
  n_inner: null,
  activation_function: 'gelu_new',
  embd_pdrop: 0.1,
  resid_pdrop: 0.1,
  attn_pdrop: 0.1,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
  tie_word_embeddings: true,
  bos_token_id: 50256,
  eos_token_id: 50256,
};

const COUNTS = ['vocab_size', 'n_positions', 'n_embd', 'n_layer', 'n_head'] as const;
const PROBABILITIES = ['embd_pdrop', 'resid_pdrop', 'attn_pdrop'] as const;
/** Variants of attention that there are not here. */
const FIXED = { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: false, add_cross_attention: false };

/**
 * A checked GPT-2 configuration: Hugging Face's defaults for what `fields` leaves out; unknown fields are dropped.
 *
 * @throws RangeError that names the field, for a model that is not this GPT-2.
 */
export function gpt2Config(fields: Readonly<Partial<Record<string, unknown>>> = {}): Gpt2Config {
  const { model_type = 'gpt2' } = fields;
  check(model_type === 'gpt2', 'model_type', 'gpt2', model_type);
  for (const [name, only] of Object.entries(FIXED)) {
    const value = fields[name] ?? only;
    check(value === only, name, String(only), value);
  }
  const config = withDefaults(DEFAULTS, fields);
  checkCounts(config, COUNTS);
  checkProbabilities(config, PROBABILITIES);
  const { activation_function: activation, n_embd, n_head } = config;
  check(ACTIVATION_NAMES.includes(activation), 'activation_function', ACTIVATION_NAMES.join(', '), activation);
  check(n_embd % n_head === 0, 'n_embd', `a multiple of n_head (${n_head})`, n_embd);
  return config;
}
