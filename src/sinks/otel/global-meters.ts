import type { Meter, MeterProvider } from '@opentelemetry/api';

/** Where version 1 of the API keeps what is registered, so that all copies of it in a process find the same. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/**
 * The provider that the application has registered by `metrics.setGlobalMeterProvider()`, or one that records nothing.
 * Read where the API keeps it: importing the API would ask everyone who imports `trainscope/otel` to install it.
 */
export function globalMeterProvider(): MeterProvider {
  const registered = (globalThis as { [REGISTERED]?: { readonly metrics?: MeterProvider } })[REGISTERED];
  return registered?.metrics ?? NO_METERS;
}

const NO_INSTRUMENT = {
  add() {},
  record() {},
  addCallback() {},
  removeCallback() {},
};

const NO_METER: Meter = {
  createGauge: () => NO_INSTRUMENT,
  createHistogram: () => NO_INSTRUMENT,
  createCounter: () => NO_INSTRUMENT,
  createUpDownCounter: () => NO_INSTRUMENT,
  createObservableGauge: () => NO_INSTRUMENT,
  createObservableCounter: () => NO_INSTRUMENT,
  createObservableUpDownCounter: () => NO_INSTRUMENT,
  addBatchObservableCallback() {},
  removeBatchObservableCallback() {},
};

/** Meters whose instruments do nothing. */
export const NO_METERS: MeterProvider = { getMeter: () => NO_METER };
