import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelSummary } from '../../events/index.js';
import type { NamedParameter } from '../../tfjs/index.js';

/** Numbers in a batch: a tensor, or a plain or typed array. */
export type BatchValues = Tensor | Float32Array | Int32Array | Uint8Array | readonly number[];

/** What a model sees at once: named tensors, arrays or numbers, as its collator makes them. */
export interface Batch {
  /** What the model should say, one row an example. A label of −100 is left out of loss and metrics. */
  readonly labels?: BatchValues;
}

/** How a model is run. */
export interface ForwardOptions {
  /** Dropout is on. */
  readonly training: boolean;
  /**
   * For whatever is random in the pass: made of the run's seed and the position, so that a resumed run draws what the
   * run that was not stopped drew.
   */
  readonly seed: number;
}

/** What a model says of a batch. */
export interface ModelOutput {
  /** [batch, …, labels], before any softmax. */
  readonly logits: Tensor;
  /** The mean loss of the batch, where the model computes its own. */
  readonly loss?: Scalar;
}

/** Files by their names: texts, or bytes. */
export type ModelFiles = Readonly<Record<string, string | Uint8Array>>;

/** Something that checkpoints and `saveModel()` carry files of: a model its config.json, a tokenizer its tokenizer.json. */
export interface HasFiles {
  /** The contents of the files, by their names in the folder. */
  files(): ModelFiles | Promise<ModelFiles>;
}

/** A model that is no LayersModel: named variables and a forward function. */
export interface ForwardModel {
  /**
   * The field of a batch that holds the model's input, one element a token: by it texts are measured and tokens are
   * counted. Default: `inputIds` or `input_ids`, whichever is there.
   */
  readonly mainInputName?: string;
  /** Everything that is saved in a checkpoint; those with `variable.trainable` are trained. */
  parameters(): readonly NamedParameter[];
  /** The logits of a batch, or those and the loss. Called in a tidy. */
  forward(batch: Batch, options: ForwardOptions): Tensor | ModelOutput;
  /** What checkpoints carry besides the weights, such as config.json: with that, transformers loads them. */
  files?(): ModelFiles | Promise<ModelFiles>;
}

/**
 * What the Trainer trains: a `tf.LayersModel`, or any object with named variables and a forward function.
 *
 * A LayersModel is given `xs` (or one entry an input, by name) and is compared with `labels` (or `ys`); its loss is the
 * one it was compiled with.
 */
export type TrainableModel = LayersModel | ForwardModel;

/** A model as the loop uses it. */
export interface AdaptedModel {
  /**
   * `logits`, of which a loss can be made; `loss`, of a LayersModel that was compiled with one; `outputs`, of one that
   * was not: they may have gone through a softmax, so no loss can be made of them.
   */
  readonly gives: 'logits' | 'loss' | 'outputs';
  /** Under which of these names a batch holds the main input. */
  readonly mainInputNames: readonly string[];
  /** What it is made of, where that is known. */
  summary?(): ModelSummary;
  /** What is saved. */
  parameters(): readonly NamedParameter[];
  /** Whether a parameter of this name decays, where the user does not say. */
  decays(name: string): boolean;
  forward(batch: Batch, options: ForwardOptions): ModelOutput;
}
