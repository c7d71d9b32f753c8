import type { Attributes, Meter, ObservableGauge, ObservableResult } from '@opentelemetry/api';
import type { GaugeFrame, GaugeMetric, GaugeOutput } from './gauge-frame.js';

export interface ObservedGaugesOptions {
  /** Series an instrument may have. */
  readonly limit: number;
  /** Told when an instrument would have more: what is beyond is left out. */
  readonly onOverflow: (metric: string, series: number) => void;
}

/** Gauges of a meter that read the latest frames when somebody collects: for any provider. */
export function observedGauges(meter: () => Meter, options: ObservedGaugesOptions): GaugeOutput {
  const gauges = new Map<string, ObservedGauge>();
  return {
    write(frame) {
      for (const metric of frame.metrics) {
        const gauge = gauges.get(metric.name) ?? new ObservedGauge(meter(), metric, options);
        gauges.set(metric.name, gauge);
        gauge.frames.set(frame.group, frame);
      }
    },
    end() {
      for (const gauge of gauges.values()) gauge.ended = true;
    },
  };
}

class ObservedGauge {
  readonly frames = new Map<string, GaugeFrame>();
  ended = false;
  readonly #gauge: ObservableGauge;
  readonly #metric: GaugeMetric;
  readonly #options: ObservedGaugesOptions;
  /** Every series it has ever shown: providers go on exporting them, so they count, and go on as NaN. */
  readonly #shown = new Set<Attributes>();

  constructor(meter: Meter, metric: GaugeMetric, options: ObservedGaugesOptions) {
    const { name, ...about } = metric;
    this.#gauge = meter.createObservableGauge(name, about);
    this.#metric = metric;
    this.#options = options;
    this.#gauge.addCallback(this.#observe);
  }

  readonly #observe = (result: ObservableResult): void => {
    const gone = new Set(this.#shown);
    let beyond = 0;
    for (const frame of this.frames.values()) {
      const { rows, columns } = frame.values();
      const column = columns[frame.metrics.indexOf(this.#metric)];
      rows.forEach((row, i) => {
        if (this.#admits(row)) result.observe(column?.[i] ?? Number.NaN, row);
        else beyond++;
        gone.delete(row);
      });
    }
    for (const row of gone) result.observe(Number.NaN, row);
    if (beyond > 0) this.#options.onOverflow(this.#metric.name, this.#shown.size + beyond);
    // Its last values have been seen, and the provider keeps them. Not within the provider's loop over its callbacks.
    if (this.ended) queueMicrotask(() => this.#gauge.removeCallback(this.#observe));
  };

  #admits(row: Attributes): boolean {
    if (this.#shown.has(row)) return true;
    if (this.#shown.size >= this.#options.limit) return false;
    this.#shown.add(row);
    return true;
  }
}
