/** Where a training is in the data. */
export interface DataPosition {
  /** Epochs that are over. */
  readonly epoch: number;
  /** Micro-batches of the running epoch that are over. */
  readonly batches: number;
}
