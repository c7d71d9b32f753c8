import type { RunChanges } from './run-history.js';

/** What changed between two versions of a set of histories. */
export interface Changes {
  /** The version of this form. */
  readonly v: 1;
  readonly from: number;
  readonly to: number;
  readonly runs: readonly RunChanges[];
  readonly leftOut?: LeftOut;
  /** Runs whose parameters are told of; without, those of all. */
  readonly tables?: readonly string[];
  /** More pieces of the same changes follow, the next of them of this. */
  readonly more?: 'series' | 'tables';
}

/** Changes but for what is of the runs. */
export type Told = Omit<Changes, 'runs' | 'more'>;

/** What found no room among the runs that are shown together. */
export interface LeftOut {
  readonly runs: number;
  /** Records of theirs, as far as these were looked at. */
  readonly records: number;
}
