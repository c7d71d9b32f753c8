import { Tensor } from '@tensorflow/tfjs-core';
import type { NamedParameter } from '../../tfjs/index.js';
import type { TokenCounting } from '../arguments/training-arguments.js';
import type { Batch } from '../model/trainable-model.js';
import { mainInputIn, quotedNames } from './main-input.js';

/** What a batch adds to the counts of a training. */
export interface InputSize {
  /** Undefined where tokens are not counted. */
  readonly tokens: number | undefined;
  /** Of a forward and a backward pass; 0 where that cannot be told. */
  readonly floatingPointOperations: number;
}

/** Under which names a batch says which of its elements are no padding. */
const MASK_NAMES: readonly string[] = ['attentionMask', 'attention_mask'];

/** Torch's and Keras's names of tables of embeddings, which are looked up and not multiplied. */
const EMBEDDINGS = /((embeddings?|embed_tokens|wte|wpe)[./]weight|[./]embeddings(_\d+)?)$/i;

/** A multiplication and an addition for each weight and token, and twice as many in the backward pass. */
const OPERATIONS_PER_WEIGHT = 6;

/** Counts what goes into a model, with the semantics of transformers' Trainer. */
export class InputMeter {
  /** Weights that every token is multiplied with; 0 for a model without embeddings: it reads no tokens. */
  readonly #weights: number;

  constructor(
    private readonly counting: TokenCounting,
    private readonly names: readonly string[],
    parameters: readonly NamedParameter[],
  ) {
    const multiplied = parameters.filter(({ name }) => !EMBEDDINGS.test(name));
    this.#weights =
      multiplied.length === parameters.length ? 0 : multiplied.reduce((sum, { variable }) => sum + variable.size, 0);
  }

  /** @throws TypeError for a batch whose tokens are to be counted and cannot be. */
  async measure(batch: Batch): Promise<InputSize> {
    if (this.counting === 'no' && this.#weights === 0) return { tokens: undefined, floatingPointOperations: 0 };
    const input = mainInputIn(batch, this.names);
    const elements = input ? sizeOf(input.value) : 0;
    return {
      tokens: this.counting === 'no' ? undefined : await this.#tokens(batch, input && elements),
      floatingPointOperations: OPERATIONS_PER_WEIGHT * elements * this.#weights,
    };
  }

  async #tokens(batch: Batch, elements: number | undefined): Promise<number> {
    if (elements === undefined) {
      throw new TypeError(
        `includeNumInputTokensSeen: expected ${quotedNames(this.names)} in every batch, got ${keysOf(batch)}; name the model's input by its mainInputName`,
      );
    }
    if (this.counting === 'all') return elements;
    const mask = mainInputIn(batch, MASK_NAMES);
    if (mask) return sumOf(mask.value);
    throw new TypeError(
      `includeNumInputTokensSeen: expected an attentionMask in every batch with "non_padding", got ${keysOf(batch)}; give one, or count "all"`,
    );
  }
}

function sizeOf(value: unknown): number {
  return value instanceof Tensor ? value.size : numbersIn(value).length;
}

async function sumOf(value: unknown): Promise<number> {
  const numbers = value instanceof Tensor ? await value.data() : numbersIn(value);
  let sum = 0;
  for (const number of numbers) sum += Number(number);
  return sum;
}

function numbersIn(value: unknown): ArrayLike<number> & Iterable<number> {
  if (ArrayBuffer.isView(value)) return value as Int32Array;
  return Array.isArray(value) ? (value.flat(Infinity) as number[]) : [];
}

function keysOf(batch: Batch): string {
  return Object.keys(batch).join(', ') || 'nothing';
}
