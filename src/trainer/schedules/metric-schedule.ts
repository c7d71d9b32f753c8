/** A learning rate that follows a metric, not the step. */
export interface MetricSchedule {
  learningRate: number;
  /** An evaluation gave this value. */
  observe(metric: number): void;
  /** All that it remembers, as JSON data: infinities are for the caller to encode. */
  state(): Readonly<Record<string, unknown>>;
  restore(state: Readonly<Record<string, unknown>>): void;
}
