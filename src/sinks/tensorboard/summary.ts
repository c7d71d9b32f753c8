import type { MagnitudeHistogram } from '../../parameters/index.js';
import type { Hparams } from './hparams.js';

/** What TensorBoard shows under a tag, at a step. */
export type SummaryValue = ScalarValue | ScalarsValue | HistogramValue | TextValue | HparamsValue;

export interface ScalarValue {
  readonly kind: 'scalar';
  readonly tag: string;
  readonly value: number;
}

/** Many scalars of one section: a number a tag. */
export interface ScalarsValue {
  readonly kind: 'scalars';
  /** The part of their tags before the first `/`. */
  readonly section: string;
  /** The same list as long as they are the same. */
  readonly tags: readonly string[];
  readonly column: ArrayLike<number>;
}

export interface HistogramValue {
  readonly kind: 'histogram';
  readonly tag: string;
  readonly histogram: MagnitudeHistogram;
}

export interface TextValue {
  readonly kind: 'text';
  readonly tag: string;
  /** Markdown. */
  readonly text: string;
}

export interface HparamsValue {
  readonly kind: 'hparams';
  readonly tag: string;
  readonly content: Hparams;
}
