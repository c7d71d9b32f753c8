import { IGNORED_LABEL } from 'trainscope/trainer';
import { collate } from '../text/batches.js';

/** A tokenized text. */
export interface CausalExample {
  readonly inputIds: readonly number[];
  /** So many of its first tokens are given: nothing is learnt of them. Default: 1, since nothing says the first. */
  readonly promptLength?: number;
}

/** Texts side by side, padded to one length; each array is [size, length], row by row. */
export interface CausalBatch {
  readonly size: number;
  readonly length: number;
  readonly inputIds: Int32Array;
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: Int32Array;
  /** Where each token stands in its text; 0, 1, 2, … from the left where left out. */
  readonly positionIds?: Int32Array;
  /** The tokens themselves, −100 where nothing is to be learnt: the loss shifts them by one. */
  readonly labels?: Int32Array;
}

/**
 * Pad texts to the longest. Padding and prompts are labelled −100.
 *
 * The first token of a text is never compared with anything. Labelled so, it is not counted either: the Trainer's
 * `numItemsInBatch` is the number of labels, and what is divided by it a mean over the tokens that are told.
 */
export function causalBatch(examples: readonly CausalExample[], padTokenId = 0): CausalBatch {
  const { size, length, inputIds, attentionMask } = collate(
    examples.map(({ inputIds }) => ({ inputIds })),
    { padTokenId },
  );
  const labels = inputIds.map((id, i) => (attentionMask[i] === 1 ? id : IGNORED_LABEL));
  examples.forEach(({ promptLength = 1 }, row) => {
    labels.fill(IGNORED_LABEL, row * length, row * length + promptLength);
  });
  return { size, length, inputIds, attentionMask, labels };
}
