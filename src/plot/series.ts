/** One statistic of one parameter over the steps. Both have one element a point. */
export interface Series {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}
