import { createNoopMeter, metrics } from '@opentelemetry/api';
import { otelSink } from 'trainscope/otel';
import { afterEach, expect, it } from 'vitest';
import { NO_METERS } from '../../../src/sinks/otel/global-meters.js';
import { updatesOf } from '../../helpers/updates.js';
import { only, provider } from './collect.js';
import { stepEnd } from './updates.js';

afterEach(() => metrics.disable());

it('takes the provider that is registered globally when the first record comes', async () => {
  const { meterProvider, collect } = provider();
  const sink = otelSink();
  metrics.setGlobalMeterProvider(meterProvider);
  sink.next(stepEnd(1, { loss: 0.5 }));
  expect(only((await collect()).get('ml.training.loss'))).toBe(0.5);
});

it('records nothing, and fails at nothing, where none is registered', async () => {
  const sink = otelSink();
  sink.next(stepEnd(1));
  sink.next(updatesOf({ 'a/kernel': 3, 'a/bias': 4 }));
  sink.complete();
  await sink.closed;
});

it("has every instrument of the API's own meter that records nothing", () => {
  const meter = NO_METERS.getMeter('any') as unknown as Record<string, unknown>;
  const own: object = Object.getPrototypeOf(createNoopMeter());
  const names = Object.getOwnPropertyNames(own).filter((name) => name !== 'constructor');
  expect(names.length).toBeGreaterThan(7);
  expect(names.filter((name) => typeof meter[name] !== 'function')).toEqual([]);
});
