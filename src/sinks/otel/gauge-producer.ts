import type { CollectionResult, MetricProducer } from '@opentelemetry/sdk-metrics';
import { checkOptions, checkPositiveInteger } from '../../events/index.js';
import { collectGauges } from './gauge-collection.js';
import type { GaugeFrame, GaugeOutput } from './gauge-frame.js';

/** Options of {@link gaugeProducer}: which points it keeps until they are collected. */
export interface GaugeProducerOptions {
  /** Keep every step's points until they are collected, each with its own time. Default: false, the last step's only. */
  readonly everyStep?: boolean;
  /** With `everyStep`, how many points may wait; the oldest go first, and are counted. Default: 100,000. */
  readonly maxPoints?: number;
}

/**
 * A metric producer that `otelSink` fills: give it to the sink as `producer`, and to a reader of the SDK in
 * `metricProducers`. It collects faster than observable instruments, has no limit of series, drops series that are over,
 * and can lose no step.
 *
 * @throws TypeError when `maxPoints` is no whole number above 0.
 *
 * @example
 * ```ts
 * import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
 * import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
 * import { gaugeProducer, otelSink } from 'trainscope/otel';
 *
 * const producer = gaugeProducer({ everyStep: true });
 * const reader = new PeriodicExportingMetricReader({
 *   exporter: new OTLPMetricExporter(),
 *   exportIntervalMillis: 5_000,
 *   metricProducers: [producer],
 * });
 * const sink = otelSink({ meterProvider: new MeterProvider({ readers: [reader] }), producer });
 * ```
 */
export function gaugeProducer(options: GaugeProducerOptions = {}): GaugeProducer {
  checkOptions('gaugeProducer', options, { everyStep: true, maxPoints: true });
  const { everyStep = false, maxPoints = 100_000 } = options;
  checkPositiveInteger('maxPoints', maxPoints);
  return everyStep ? new EveryStep(maxPoints) : new LastStep();
}

/** Made by {@link gaugeProducer}. */
export interface GaugeProducer extends MetricProducer {
  /** Points that had to go before anybody collected them. */
  readonly droppedPoints: number;
  /** Told when points had to go. */
  onDropped: ((points: number) => void) | undefined;
  /** @internal The sink writes here. */
  readonly output: GaugeOutput;
}

/** The last step's values, as of the moment of collection. */
class LastStep implements GaugeProducer {
  readonly droppedPoints = 0;
  onDropped: GaugeProducer['onDropped'];
  readonly #frames = new Map<string, GaugeFrame>();
  readonly output: GaugeOutput = { write: (frame) => this.#frames.set(frame.group, frame), end: () => {} };

  async collect(): Promise<CollectionResult> {
    const now = Date.now();
    return collection([...this.#frames.values()].map((frame) => ({ frame, time: now })));
  }
}

/** Every step's values since the last collection, each at its own time. */
class EveryStep implements GaugeProducer {
  droppedPoints = 0;
  onDropped: GaugeProducer['onDropped'];
  readonly #maxPoints: number;
  readonly #lastTime = new Map<string, number>();
  #waiting: TimedFrame[] = [];
  /** Frames before this index have been dropped. */
  #first = 0;
  #points = 0;

  constructor(maxPoints: number) {
    this.#maxPoints = maxPoints;
  }

  readonly output: GaugeOutput = {
    write: (frame) => {
      // Two points of one series must not have one time: what comes within the same millisecond is a microsecond later.
      const time = Math.max(frame.time, (this.#lastTime.get(frame.group) ?? 0) + 0.001);
      this.#lastTime.set(frame.group, time);
      // Worked out now: what waits are the points, not the measurement of every parameter behind them.
      frame.values();
      this.#waiting.push({ frame, time });
      this.#points += frame.points;
      if (this.#points > this.#maxPoints) this.#makeRoom();
    },
    end: () => {},
  };

  async collect(): Promise<CollectionResult> {
    const frames = this.#waiting.slice(this.#first);
    this.#waiting = [];
    this.#first = 0;
    this.#points = 0;
    return collection(frames);
  }

  #makeRoom(): void {
    let dropped = 0;
    while (this.#points > this.#maxPoints && this.#first < this.#waiting.length - 1) {
      const { points } = this.#waiting[this.#first++]!.frame;
      dropped += points;
      this.#points -= points;
    }
    // Let go of what has been dropped, not at every step.
    if (this.#first > 1000 || this.#first > this.#waiting.length / 2) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    if (dropped === 0) return;
    this.droppedPoints += dropped;
    this.onDropped?.(dropped);
  }
}

interface TimedFrame {
  readonly frame: GaugeFrame;
  /** Milliseconds since 1970. */
  readonly time: number;
}

function collection(frames: readonly TimedFrame[]): CollectionResult {
  const values = frames.map(({ frame, time }) => ({ metrics: frame.metrics, time, ...frame.values() }));
  return { resourceMetrics: { resource: NO_RESOURCE, scopeMetrics: collectGauges(values) }, errors: [] };
}

/** Readers take the provider's resource, not a producer's. */
const NO_RESOURCE: CollectionResult['resourceMetrics']['resource'] = {
  attributes: {},
  merge: (other) => other ?? NO_RESOURCE,
  getRawAttributes: () => [],
};
