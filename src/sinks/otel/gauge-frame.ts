import type { Attributes, ValueType } from '@opentelemetry/api';

/** What a gauge is called and means. */
export interface GaugeMetric {
  readonly name: string;
  readonly description: string;
  /** A UCUM unit, '' for none. */
  readonly unit: string;
  /** Of whole numbers, or (by default) of any. */
  readonly valueType?: ValueType;
}

/** The series of one moment: one column a metric, one element a row. */
export interface GaugeValues {
  readonly rows: readonly Attributes[];
  readonly columns: readonly ArrayLike<number>[];
}

/**
 * What some gauges read at one moment. Its values are worked out when somebody collects, so that a step which nobody
 * collects costs nothing.
 */
export interface GaugeFrame {
  /** Frames of one group replace each other. */
  readonly group: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly metrics: readonly GaugeMetric[];
  /** At most this many points. */
  readonly points: number;
  values(): GaugeValues;
}

/** Where frames go: to instruments that are observed, or to a producer. */
export interface GaugeOutput {
  write(frame: GaugeFrame): void;
  /** No more frames will come. */
  end(): void;
}

/** A frame of rows whose numbers are already known: a column a gauge. */
export function rowsFrame(
  group: string,
  time: number,
  rows: readonly Attributes[],
  gauges: readonly (readonly [GaugeMetric, readonly number[]])[],
): GaugeFrame {
  return {
    group,
    time,
    metrics: gauges.map(([metric]) => metric),
    points: gauges.length * rows.length,
    values: () => ({ rows, columns: gauges.map(([, column]) => column) }),
  };
}

/** A frame of a single row whose numbers are already known. */
export function rowFrame(
  group: string,
  time: number,
  row: Attributes,
  gauges: readonly (readonly [GaugeMetric, number])[],
): GaugeFrame {
  return rowsFrame(
    group,
    time,
    [row],
    gauges.map(([metric, value]) => [metric, [value]]),
  );
}

/** Work something out when it is first asked for, and let go of what that needed. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  let pending: (() => T) | undefined = make;
  return () => {
    if (!made) {
      made = { value: pending!() };
      pending = undefined;
    }
    return made.value;
  };
}
